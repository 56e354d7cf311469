/**
 * One group under rollouts: the plan folded by the log's own fold, and servers that do what they are told, or what a
 * test says of them. The counts below are deliberately naive: no part of the planner is in them.
 */
import { evolve } from '../../../src/domain/evolve.ts';
import { emptyState } from '../../../src/domain/fleet-state.ts';
import { isRejection, propose } from '../../../src/domain/propose.ts';
import { rolledCordonIsOver } from '../../../src/domain/rolled-cordons.ts';
import type { FleetState, Group, Rollout, Server } from '../../../src/domain/state.ts';
import { desiredFor } from '../../../src/projections/desired.ts';
import { emptyObserved } from '../../../src/projections/observed.ts';
import type { Observed } from '../../../src/projections/observed.ts';
import type { RolloutProposal } from '../../../src/rollout/about.ts';
import { noteTraffic } from '../../../src/rollout/figures.ts';
import { planRollouts } from '../../../src/rollout/planner.ts';
import type { Event, EventData, EventType } from '../../../schemas/events.ts';
import type { Digest, FleetId, GroupId, GroupName, LogId, Principal, ServerId } from '../../../schemas/ids.ts';
import { amountOf, defaultRolloutPolicy } from '../../../schemas/rollout.ts';
import { eventVersion } from '../../../schemas/upcast.ts';
import type { RolloutPolicy } from '../../../schemas/rollout.ts';

export const edge = 'edge' as GroupId;
/** Milliseconds of a round. */
const roundMs = 1_000;
const drainTimeoutMs = 2_000;
/** More plans in a row that do something than any rollout has steps at one moment. */
const turnsMax = 60;

type Verdict = 'fails' | 'hangs' | 'unwell';

export class PlayedGroup {
  readonly state: FleetState;
  /** All that was folded here, as a log holds it. */
  readonly events: Event[] = [];
  observed: Observed = emptyObserved();
  now = 1_000_000;
  readonly said: RolloutProposal[] = [];
  /** What the decider said to proposals it refused. */
  readonly refused: string[] = [];
  /** What `<project>@<version>`, everywhere or with `<server>/` before it, does if it does not work. */
  readonly verdicts = new Map<string, Verdict>();
  readonly silent = new Set<ServerId>();
  /** What a server counts, by server, under the version it holds. */
  readonly trafficOf = new Map<string, { requests: number; errors: number; latencyMs: number }>();
  /** Called with each proposal before it is folded, and after. */
  before: (proposal: RolloutProposal) => void = () => undefined;
  after: (proposal: RolloutProposal) => void = () => undefined;

  /** `servers` in the pool, `s0` and so on, which hold `orders@1` and `users@1`; or a fleet to go on with, taken over. */
  constructor(from: number | FleetState) {
    this.state = typeof from === 'number' ? emptyState() : from;
    if (typeof from === 'number') this.#begin(from);
    else this.now = from.at;
  }

  #begin(servers: number): void {
    this.tell('fleet.created', { fleet: 'main' as FleetId, log: 'log-0001' as LogId, groups: ['Edge' as GroupName] });
    this.tell('group.configured', { group: edge, policy: { ...this.group.policy, drainTimeoutMs } });
    for (let index = 0; index < servers; index += 1) this.join(`s${index}`);
    for (const project of ['orders', 'users']) {
      const id = this.request({ strategy: { kind: 'all-at-once' } }, project, '1').id;
      this.tell('rollout.succeeded', { group: edge, rollout: id, evidence: { servers } });
    }
    for (const id of this.group.servers) this.#act(id);
    this.hear();
    this.said.length = 0;
  }

  get group(): Group {
    return this.state.groupById.get(edge) as Group;
  }
  /** The oldest under way. */
  get rollout(): Rollout {
    return [...this.group.rolloutById.values()][0] as Rollout;
  }
  /** How those that are over ended, the oldest first; without what the group began with. */
  get ended(): string[] {
    return this.group.pastRollouts.slice(2).map(({ status }) => status);
  }
  get advanced(): ServerId[][] {
    return this.said.flatMap((each) => (each.type === 'rollout.advanced' ? [each.data.servers] : []));
  }
  server(id: string): Server {
    return this.state.serverById.get(id as ServerId) as Server;
  }

  tell<T extends EventType>(type: T, data: EventData<T>): number {
    const position = this.state.position + 1;
    const head = { position, version: eventVersion(type), at: this.now, principal: 'ada' as Principal };
    this.#fold({ ...head, type, data } as unknown as Event);
    return position;
  }

  #fold(event: Event): void {
    evolve(this.state, event);
    this.events.push(event);
  }

  join(id: string): void {
    const server = id as ServerId;
    const address = { host: '10.0.0.1', port: 8_000 + this.state.serverById.size };
    if (!this.state.serverById.has(server)) this.tell('server.registered', { server, address, labels: {} });
    this.tell('server.joined', { server, group: edge });
  }

  lose(id: string, cause: 'silent' | 'unhealthy' = 'silent'): void {
    const server = id as ServerId;
    const group = this.server(id).member?.group ?? null;
    if (this.server(id).lost !== null) return;
    this.silent.add(server);
    this.tell('server.lost', { server, group, cause, held: false, evidence: { seenAt: 0, leaseMs: 6_000 } });
  }

  back(id: string): void {
    const server = id as ServerId;
    this.silent.delete(server);
    if (this.server(id).lost === null) return;
    this.tell('server.returned', { server, group: this.server(id).member?.group ?? null });
  }

  leave(id: string): void {
    this.tell('server.leaving', { server: id as ServerId, group: edge, drainTimeoutMs });
  }

  of(type: 'server.cordoned' | 'server.uncordoned', id: string): void {
    this.tell(type, { server: id as ServerId, group: edge });
  }

  drain(id: string): void {
    this.tell('server.draining', { server: id as ServerId, group: edge, drainTimeoutMs, until: 'uncordoned' });
  }

  request(policy: Partial<RolloutPolicy>, project = 'orders', version = '2'): Rollout {
    const rollout = { ...defaultRolloutPolicy, ...policy };
    const asked = { group: edge, ...named(`${project}@${version}`), digest, bytes: 1, rollout, supersedes: null };
    const id = this.tell('deployment.requested', asked);
    return this.group.rolloutById.get(id) as Rollout;
  }

  release(policy: Partial<RolloutPolicy>, ...names: string[]): Rollout {
    const projects = names.map((name) => ({ ...named(name), digest, bytes: 1 }));
    const rollout = { ...defaultRolloutPolicy, ...policy };
    const id = this.tell('release.requested', { group: edge, projects, rollout, supersedes: [] });
    return this.group.rolloutById.get(id) as Rollout;
  }

  does(verb: 'paused' | 'resumed' | 'aborted' | 'retried' | 'promoted', { id }: Rollout, all = false): void {
    const about = { group: edge, rollout: id };
    if (verb === 'paused') this.tell('rollout.paused', { ...about, by: 'operator', passed: null });
    else if (verb === 'promoted') this.tell('rollout.promoted', { ...about, all });
    else this.tell(`rollout.${verb}`, about);
  }

  plan(): ReturnType<typeof planRollouts> {
    noteTraffic(this.state, this.observed, edge);
    return planRollouts(this.state, edge, this.observed, this.now);
  }

  /** Everything proposed is folded, until nothing more is. */
  decide(): void {
    for (let turn = 0; turn < turnsMax; turn += 1) {
      const { proposals } = this.plan();
      let folded = 0;
      for (const proposal of proposals) {
        const event = propose(this.state, proposal, { at: this.now, position: this.state.position + 1 });
        if (isRejection(event)) {
          this.refused.push(event.message);
          continue;
        }
        this.before(proposal);
        this.#fold(event);
        this.said.push(proposal);
        this.after(proposal);
        folded += 1;
      }
      if (folded === 0) return;
    }
    throw new Error(`proposes for ever: ${JSON.stringify(this.said.slice(-3))}`);
  }

  round(): void {
    this.now += roundMs;
    for (const id of [...this.group.servers]) this.#act(id);
    this.hear();
    this.decide();
  }

  rounds(count: number): void {
    for (let round = 0; round < count; round += 1) this.round();
  }

  /** Until no rollout runs or rolls back any more, for at most so many rounds. */
  settle(roundsMax = 400): void {
    const isMoving = () =>
      [...this.group.rolloutById.values()].some(({ status }) => status === 'running' || status === 'rolling-back');
    for (let round = 0; round < roundsMax && isMoving(); round += 1) this.round();
  }

  /** A new leader: it has heard nobody. */
  elect(): void {
    this.observed = emptyObserved();
  }

  hear(): void {
    const stamp = { term: 1, position: 0 };
    for (const id of this.group.servers) {
      if (this.silent.has(id)) continue;
      const isUnwell = this.#verdictOn(id) === 'unwell' && this.#hasProved(id);
      const known = this.observed.serverById.get(id);
      const counted = this.trafficOf.get(id);
      const traffic = counted === undefined ? [] : this.holds(id).map((name) => ({ ...named(name), ...counted }));
      const beat = { server: id, instance: 'i', assignment: stamp, directive: stamp, inFlight: 0 };
      this.observed.serverById.set(id, {
        beat: { ...beat, healthy: !isUnwell, traffic },
        seenAt: this.now,
        receipt: null,
        receiptAt: 0,
        idleReadings: 9,
        unwellReadings: isUnwell ? (known?.unwellReadings ?? 0) + 1 : 0,
      });
    }
  }

  /** What the server shall hold, as `<project>@<version>`. */
  holds(id: string): string[] {
    return (desiredFor(this.state, id as ServerId)?.projects ?? []).map(
      ({ project, version }) => `${project}@${version}`,
    );
  }

  #verdictOn(id: ServerId): Verdict | undefined {
    for (const name of this.holds(id)) {
      const verdict = this.verdicts.get(`${id}/${name}`) ?? this.verdicts.get(name);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  #hasProved(id: ServerId): boolean {
    const member = this.server(id).member;
    return member !== null && member.covers >= (desiredFor(this.state, id)?.position ?? 0);
  }

  /** One thing at a time, as the machine and its agent would. */
  #act(id: ServerId): void {
    const server = this.server(id);
    const { member } = server;
    if (member === null) return;
    if (server.lost !== null) return this.#finishDrain(id);
    const about = { server: id, group: edge };
    if (rolledCordonIsOver(this.group, server)) {
      this.tell('server.uncordoned', about);
      return;
    }
    if (member.drain !== null) return this.#finishDrain(id);
    const covers = desiredFor(this.state, id)?.position ?? 0;
    const enters = member.admittedAt === null && member.cordon === null;
    if (member.failing !== null || (this.#hasProved(id) && !enters)) return;
    const verdict = this.#verdictOn(id);
    if (verdict === 'hangs') return;
    if (verdict === 'fails') {
      const failures = this.holds(id)
        .filter((name) => this.verdicts.has(name) || this.verdicts.has(`${id}/${name}`))
        .map((name) => ({ ...named(name), text: 'it does not start' }));
      this.tell('server.sync-failed', { ...about, covers, failures, final: true });
      return;
    }
    this.tell('server.ready', { ...about, covers, evidence: { receivedAt: this.now, projects: 1, instance: 'i' } });
  }

  #finishDrain(server: ServerId): void {
    const drain = this.server(server).member?.drain ?? null;
    if (drain === null || this.now < drain.deadlineAt) return;
    const evidence = { inFlight: 0, deadlinePassed: true, unconfirmed: [] };
    if (drain.next === null) this.tell('server.drained', { server, group: edge, evidence });
    else this.tell('server.left', { server, group: edge, next: drain.next, evidence });
  }
}

const digest = 'a'.repeat(64) as Digest;

function named(name: string): { project: never; version: never } {
  const [project, version] = name.split('@');
  return { project: project as never, version: version as never };
}

/** The limit by the policies' own words, counted without the planner. */
export function naiveLimit(group: Group): number {
  let limit = group.servers.size;
  for (const { policy, status } of group.rolloutById.values()) {
    if (status === 'running') limit = Math.min(limit, amountOf(policy.maxUnavailable, group.servers.size));
  }
  return limit;
}

/** Told and not yet healthy again, or out of the pool for a rollout: counted one server at a time. */
export function naiveMotion(played: PlayedGroup): Set<ServerId> {
  const moving = new Set<ServerId>();
  for (const id of played.group.servers) {
    const { member, lost } = played.server(id);
    if (member === null || lost !== null) continue;
    if (member.drain !== null && member.drain.next !== null) continue;
    if (member.cordon?.until === 'uncordoned' || member.cordon?.until === 'registered') continue;
    const isOut = member.cordon?.until === 'rolled';
    const isTold = [...played.group.rolloutById.values()].some(({ moved }) => moved.has(id));
    const unproved = member.covers < Math.max(member.directiveAt, played.group.deploymentsChangedAt);
    const gaveUp = member.failing?.final === true;
    if (isOut || (unproved && !gaveUp && (isTold || member.admittedAt !== null))) moving.add(id);
  }
  return moving;
}
