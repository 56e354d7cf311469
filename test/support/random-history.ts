/**
 * A long history made by random but legal operation: commands and progress decided against the live state, as a leader
 * does, in records of many events. From one seed the same log, byte for byte.
 */
import type { Event } from '../../schemas/events.ts';
import type { Command } from '../../schemas/commands.ts';
import {
  type CommandId,
  type GroupName,
  groupIdOf,
  type LogId,
  type Principal,
  type ServerId,
} from '../../schemas/ids.ts';
import { decide } from '../../src/domain/decide.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { type Proposal, isRejection, propose } from '../../src/domain/propose.ts';
import type { FleetState } from '../../src/domain/state.ts';
import { type ChainCursor, cursorAfter, emptyCursor } from '../../src/eventlog/chain.ts';
import { encodeEvent, encodeRecord, recordHash } from '../../src/eventlog/record-codec.ts';
import { recordedObserved } from '../../src/audit/recorded.ts';
import { planRollouts } from '../../src/rollout/planner.ts';
import { emptyObserved } from '../../src/projections/observed.ts';
import { answerQuery } from '../../src/projections/views.ts';

export interface RandomHistoryOptions {
  readonly seed: number;
  readonly events: number;
  /** Events a record, at most. */
  readonly recordEventsMax?: number;
  /** How many the next record shall hold, by a number in [0, 1). Default: any up to the most, each as likely. */
  readonly recordEvents?: (random: number) => number;
  readonly servers?: number;
  /** After each record, with the state and the cursor behind it. */
  readonly onRecord?: (state: FleetState, cursor: ChainCursor) => void;
  /** After each event. */
  readonly onEvent?: (event: Event, state: FleetState) => void;
}

export interface RandomHistory {
  /** Stored bytes, by sequence - 1. */
  readonly records: Uint8Array[];
  readonly state: FleetState;
  readonly cursor: ChainCursor;
}

const historyLog = 'history-of-tests' as LogId;
const beganAt = 1_700_000_000_000;
const groups = ['Production', 'Development', 'Edge', 'Core'];
const projects = ['orders', 'users', 'search', 'billing', 'mail'];

/** A small generator of good enough numbers (mulberry32), in [0, 1). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomHistory(options: RandomHistoryOptions): RandomHistory {
  const { seed, events: wanted, recordEventsMax = 200, servers = 40, onRecord, onEvent } = options;
  const { recordEvents = (at) => 1 + Math.floor(at * recordEventsMax) } = options;
  const random = seeded(seed);
  const state = emptyState();
  const records: Uint8Array[] = [];
  let cursor = emptyCursor;
  let term = 1;
  let now = beganAt;
  while (state.position < wanted) {
    if (random() < 0.01) term += 1;
    const size = Math.min(recordEvents(random()), wanted - state.position);
    const first = state.position + 1;
    const events: Event[] = [];
    while (events.length < size) {
      now += Math.floor(random() * 20_000);
      const event = next(state, { random, now, servers, term: state.term === term ? undefined : term });
      if (event === undefined) continue;
      evolve(state, event);
      onEvent?.(event, state);
      events.push(event);
    }
    const record = {
      format: 1 as const,
      log: historyLog,
      term,
      writer: `writer-${term}`,
      counter: records.length + 1,
      first,
      previousSequence: cursor.sequence,
      previousHash: cursor.hash,
      watermark: { stream: 'commands', sequence: state.position, hash: state.position.toString(16) },
    };
    const data = encodeRecord(record, events.map(encodeEvent));
    records.push(data);
    cursor = cursorAfter({ ...record, events }, { sequence: records.length, hash: recordHash(data) });
    onRecord?.(state, cursor);
  }
  return { records, state, cursor };
}

interface Turn {
  readonly random: () => number;
  readonly now: number;
  readonly servers: number;
  /** Set where a new one is due. */
  readonly term: number | undefined;
}

function next(state: FleetState, { random, now, servers, term }: Turn): Event | undefined {
  const position = state.position + 1;
  const at = Math.max(state.at, now);
  const proposed = (proposal: Proposal) => {
    const answer = propose(state, proposal, { at, position });
    return isRejection(answer) ? undefined : answer;
  };
  if (state.fleet === null) {
    const names = ['Production', 'Development'];
    return proposed({ type: 'fleet.created', data: { fleet: 'main', log: historyLog, groups: names } } as never);
  }
  if (term !== undefined) return proposed({ type: 'coordinator.elected', data: { term, instance: `writer-${term}` } });
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  const server = `s${Math.floor(random() * servers)}`;
  if (random() < 0.08) return planned(state, pick(groups), { random, proposed });
  if (random() < 0.35) return progress(state, server, { random, proposed });
  const decision = decide(
    state,
    { kind: 'command', command: command(server, { pick, random }), envelope: { reason: 'because' } } as never,
    {
      at,
      askedAt: now,
      position,
      principal: pick(['alice', 'bob', 'deployer']) as Principal,
      command: { id: `c${position}` as CommandId, hash: position.toString(16).padStart(32, '0') },
    },
  );
  return decision.status === 'decided' ? decision.event : undefined;
}

interface Dice {
  readonly pick: <T>(from: readonly T[]) => T;
  readonly random: () => number;
}

function command(server: string, { pick, random }: Dice): Command {
  const group = pick(groups);
  const project = pick(projects);
  const version = `${1 + Math.floor(random() * 4)}.0`;
  const number = Number(server.slice(1));
  const commands: readonly (() => { type: string; payload: object })[] = [
    () => ({ type: 'server.register', payload: { server, address: { host: '10.0.0.1', port: 8_000 + number } } }),
    () => ({ type: 'server.join', payload: { server, group } }),
    () => ({ type: 'server.join', payload: { server, group } }),
    () => ({ type: 'server.leave', payload: { server } }),
    () => ({ type: 'server.move', payload: { server, group } }),
    () => ({ type: 'server.configure', payload: { server, weight: 1 + Math.floor(random() * 256) } }),
    () => ({ type: 'group.create', payload: { group } }),
    () => ({ type: 'group.configure', payload: { group, policy: { drainTimeoutMs: 1_000 * number } } }),
    () => ({ type: 'group.set-servers', payload: { group, add: [server], remove: [`s${number + 1}`] } }),
    () => ({
      type: 'project.publish',
      payload: { project, version, digest: `${project.length}${version[0]}`.padEnd(64, 'a'), bytes: 100 + number },
    }),
    () => ({ type: 'deployment.request', payload: { group, project, version } }),
    () => ({ type: 'deployment.request', payload: { group, project, version } }),
    () => ({ type: 'deployment.withdraw', payload: { group, project } }),
    () => ({ type: 'balancer.register', payload: { balancer: 'lb1', kind: 'haproxy', groups: 'all' } }),
  ];
  return pick(commands)() as Command;
}

/** What the leader's planner says of a group's rollouts, whose servers are heard and well. */
function planned(state: FleetState, name: string, { proposed }: World): Event | undefined {
  const id = groupIdOf(name as GroupName);
  const group = state.groupById.get(id);
  if (group === undefined || group.rolloutById.size === 0) return undefined;
  const observed = recordedObserved({ state, at: state.at, servers: group.servers });
  const [proposal] = planRollouts(state, id, observed, state.at).proposals;
  return proposal === undefined ? undefined : proposed(proposal);
}

/** The world goes on for a server: it gets ready, fails, or is gone, whichever the decider takes. */
function progress(state: FleetState, id: string, { random, proposed }: World): Event | undefined {
  const view = answerQuery('server', { server: id as ServerId }, state, emptyObserved());
  if (view.status === 'error' || view.data.group === null) return undefined;
  const data = { server: id, group: view.data.group };
  if (view.data.status === 'draining') {
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    const ways = [
      { to: 'available' },
      { to: 'retired' },
      ...groups.map((to) => ({ to: 'group', group: groupIdOf(to as GroupName) })),
    ];
    for (const next of ways) {
      const event = proposed({ type: 'server.left', data: { ...data, next, evidence } } as never);
      if (event !== undefined) return event;
    }
    return undefined;
  }
  const covers = state.position;
  if (random() < 0.1) {
    const failures = [{ project: 'orders', version: '1.0', text: 'health check answered 500' }];
    return proposed({ type: 'server.sync-failed', data: { ...data, covers, failures, final: true } } as never);
  }
  const evidence = { receivedAt: state.at, projects: 1, instance: 'i' };
  return proposed({ type: 'server.ready', data: { ...data, covers, evidence } } as never);
}

interface World {
  readonly random: () => number;
  readonly proposed: (proposal: Proposal) => Event | undefined;
}
