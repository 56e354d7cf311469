/**
 * Servers and balancers that live by themselves on the bus, as real ones do as far as the coordinator can tell, and
 * misbehave when a test says so: fall silent, call themselves unwell, fail to apply. What the log said is collected.
 */
import { z } from 'zod';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import type { Directive } from '../../schemas/directive.ts';
import type { Event, EventType } from '../../schemas/events.ts';
import type { FleetId, GroupId, ServerId } from '../../schemas/ids.ts';
import type { PoolRevision } from '../../schemas/pool.ts';
import { BeatAnswer } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { eventually } from './eventually.ts';
import type { ScriptedFleet } from './scripted-fleet.ts';

/** Several within the shortest lease there is, 1,000 ms. */
const beatEveryMs = 150;
const beatTimeoutMs = 1_000;

export interface Misbehaviour {
  /** Neither beats nor proves anything. */
  silent?: boolean;
  unwell?: boolean;
  /** Versions it cannot apply, as `project@version`. */
  fails?: readonly string[];
  /** Applies nothing: beats alone. */
  slow?: boolean;
}

export interface ScriptedServer {
  readonly name: string;
  /** How it misbehaves now; changed at will. */
  readonly now: Misbehaviour;
  /** The directive it last fetched. */
  readonly directive: Directive | undefined;
  stop(): Promise<void>;
}

interface Stage {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly play: ScriptedFleet;
}

export async function startServer({ bus, fleet, play }: Stage, name: string, port: number): Promise<ScriptedServer> {
  await play.register(name, port);
  const server = name as ServerId;
  const now: Misbehaviour = {};
  const ending = new AbortController();
  let directive: Directive | undefined;
  const turn = async () => {
    const held = { term: directive?.term ?? 0, position: directive?.position ?? 0 };
    const beat = { server, instance: 'i1', assignment: held, directive: held, inFlight: 0, healthy: !now.unwell };
    const subject = subjects.beat(fleet, server);
    const asked = await bus.request({ subject, data: encodeMessage(beat), timeoutMs: beatTimeoutMs });
    const answer = decodeMessage(BeatAnswer, asked.data, 'the answer to a beat');
    if (answer.group === null || now.slow === true) return;
    if (answer.directive.position !== directive?.position) directive = await play.directive(answer.group, name);
    if (directive === undefined || answer.receipt === directive.position || now.silent === true) return;
    const { projects } = directive;
    const fails = projects.filter(({ project, version }) => now.fails?.includes(`${project}@${version}`));
    const failures = fails.map(({ project, version }) => ({ project, version, text: 'it does not start' }));
    const held2 = projects.filter((one) => !fails.includes(one)).map(({ project, version }) => ({ project, version }));
    play.receipt(directive, { projects: held2, failures });
  };
  const living = alive(ending.signal, async () => {
    if (now.silent !== true) await turn();
  });
  const stop = async () => {
    ending.abort();
    await living;
  };
  return {
    name,
    now,
    get directive() {
      return directive;
    },
    stop,
  };
}

export interface ScriptedBalancer {
  readonly now: { silent?: boolean };
  stop(): Promise<void>;
}

/** Confirms every revision of these groups, again and again; the last one it has read while it can read none, as a balancer does. */
export async function startBalancer(stage: Stage, name: string, groups: readonly GroupId[]): Promise<ScriptedBalancer> {
  const { play } = stage;
  const now: { silent?: boolean } = {};
  const ending = new AbortController();
  await play.ask('balancer.register', { balancer: name, kind: 'haproxy', groups: 'all' }, `bal_${name}`);
  const lastByGroup = new Map<GroupId, PoolRevision>();
  const reading = alive(ending.signal, async () => {
    for (const group of groups) {
      const revision = await play.revision(group);
      if (revision === undefined || now.silent === true) continue;
      lastByGroup.set(group, revision);
      play.applied(name, revision);
    }
  });
  const repeating = alive(ending.signal, async () => {
    if (now.silent !== true) for (const revision of lastByGroup.values()) play.applied(name, revision);
  });
  const stop = async () => {
    ending.abort();
    await Promise.all([reading, repeating]);
  };
  return { now, stop };
}

/** A coordinator that is away, or a connection that is, is no reason to end: the next turn tries again. */
async function alive(signal: AbortSignal, turn: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await turn().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, beatEveryMs));
  }
}

export interface Told {
  readonly events: readonly Event[];
  of<T extends EventType>(type: T): Event<T>[];
  /** The feed follows the log: resolves once all that is acknowledged by now is among the events. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Every event of the feed, as it comes. */
export function followFeed(bus: Bus, fleet: FleetId): Told {
  const ending = new AbortController();
  const events: Event[] = [];
  const { signal } = ending;
  const following = (async () => {
    for await (const { data } of bus.read({ stream: streamNames(fleet).feed, fromSequence: 1, signal })) {
      events.push(JSON.parse(Buffer.from(data).toString()));
    }
  })();
  return {
    events,
    of: <T extends EventType>(type: T) => events.filter((event) => event.type === type) as Event<T>[],
    async caughtUp() {
      const question = { subject: subjects.query(fleet, 'coordinator'), data: encodeMessage({}), timeoutMs: 5_000 };
      const { data } = await bus.request(question);
      const { position } = decodeMessage(z.object({ position: z.int() }), data, 'how far the log is');
      await eventually(() => (events.at(-1)?.position ?? 0) >= position, { what: `the feed to reach ${position}` });
    },
    async stop() {
      ending.abort();
      await following;
    },
  };
}
