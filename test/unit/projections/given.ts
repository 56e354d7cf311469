/** A fleet told event by event, as the log would: group `production`, and what is observed beside it. */
import { emptyState } from '../../../src/domain/fleet-state.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import type { FleetState, Rollout } from '../../../src/domain/state.ts';
import { appliedKey, emptyObserved } from '../../../src/projections/observed.ts';
import type { Observed, ObservedServer } from '../../../src/projections/observed.ts';
import type { Event, EventData, EventType } from '../../../schemas/events.ts';
import type {
  BalancerId,
  Digest,
  FleetId,
  GroupId,
  GroupName,
  LogId,
  Principal,
  ProjectId,
  ProjectVersion,
  ServerId,
} from '../../../schemas/ids.ts';
import type { Applied, Beat, Receipt } from '../../../schemas/receipt.ts';
import { defaultRolloutPolicy } from '../../../schemas/rollout.ts';

export const log = 'log-0001' as LogId;
export const production = 'production' as GroupId;
export const staging = 'staging' as GroupId;
export const haproxy = 'haproxy' as BalancerId;

export function serverId(id: string): ServerId {
  return id as ServerId;
}

export function held(project: string, version: string): { project: ProjectId; version: ProjectVersion } {
  return { project: project as ProjectId, version: version as ProjectVersion };
}

/** A heartbeat is seen where `inFlight` is given. */
interface Seen {
  readonly receipt?: Partial<Receipt>;
  readonly inFlight?: number | 'uncounted';
  readonly sync?: NonNullable<Beat['sync']>;
  /** Why its heartbeat, which `inFlight` goes with, says that it is not well. */
  readonly problem?: string;
}

export class Fleet {
  readonly state: FleetState = emptyState();
  readonly observed: Observed = emptyObserved();

  /** Position 1 creates the fleet, 2 elects a leader. */
  constructor() {
    const groups = ['Production', 'Staging'] as GroupName[];
    this.tell('fleet.created', { fleet: 'main' as FleetId, log, groups });
    this.tell('coordinator.elected', { term: 3, instance: 'c1' });
  }

  /** Folds one event; returns its position. */
  tell<T extends EventType>(type: T, data: EventData<T>): number {
    const position = this.state.position + 1;
    const head = { position, version: 1, at: position * 1_000, principal: 'ada' as Principal };
    evolve(this.state, { ...head, type, data } as unknown as Event);
    return position;
  }

  register(server: string): number {
    const address = { host: '10.0.0.1', port: 8_000 };
    return this.tell('server.registered', { server: serverId(server), address, labels: {} });
  }

  join(server: string, group = production): number {
    return this.tell('server.joined', { server: serverId(server), group });
  }

  deploy(project: string, version: string, group = production): number {
    const digest = 'a'.repeat(64) as Digest;
    const rollout = { ...defaultRolloutPolicy, strategy: { kind: 'all-at-once' as const }, minHealthyMs: 0 };
    const asked = { ...held(project, version), group, digest, bytes: 100, rollout, supersedes: null };
    return this.tell('deployment.requested', asked);
  }

  ready(server: string, covers: number, group = production): number {
    const evidence = { receivedAt: 0, projects: 0, instance: 'i' };
    return this.tell('server.ready', { server: serverId(server), group, covers, evidence });
  }

  fail(server: string, covers: number, { text = 'no disk', final = true } = {}): number {
    const failures = [{ ...held('orders', '2'), text }];
    return this.tell('server.sync-failed', { server: serverId(server), group: production, covers, failures, final });
  }

  lose(server: string, differs: Partial<EventData<'server.lost'>> = {}): number {
    const evidence = { seenAt: 0, leaseMs: 6_000 };
    const told = { group: production, cause: 'silent', held: false, evidence, ...differs } as const;
    return this.tell('server.lost', { server: serverId(server), ...told });
  }

  of<T extends 'server.returned' | 'server.cordoned' | 'server.uncordoned' | 'server.retried'>(
    type: T,
    server: string,
  ) {
    return this.tell(type, { server: serverId(server), group: production } as EventData<T>);
  }

  drain(server: string, until: 'uncordoned' | 'registered' = 'uncordoned'): number {
    const told = { group: production, drainTimeoutMs: 30_000, until };
    return this.tell('server.draining', { server: serverId(server), ...told });
  }

  drained(server: string): number {
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    return this.tell('server.drained', { server: serverId(server), group: production, evidence });
  }

  move(server: string, from: GroupId, group: GroupId): number {
    return this.tell('server.moving', { server: serverId(server), from, group, drainTimeoutMs: 30_000 });
  }

  /** The rollout under way of the project tells these servers. */
  advance(project: string, ...servers: string[]): number {
    const { id: rollout, step } = this.rolloutOf(project);
    const told = { target: 0, step: step + 1, servers: servers.map(serverId), passed: null };
    return this.tell('rollout.advanced', { group: production, rollout, ...told });
  }

  succeed(project: string, group = production): number {
    const rollout = this.rolloutOf(project, group).id;
    return this.tell('rollout.succeeded', { group, rollout, evidence: { servers: 1 } });
  }

  rolloutOf(project: string, group = production): Rollout {
    const underWay = [...(this.state.groupById.get(group)?.rolloutById.values() ?? [])];
    return underWay.find(({ targets }) => targets.some((target) => target.project === project)) as Rollout;
  }

  leave(server: string): number {
    return this.tell('server.leaving', { server: serverId(server), group: production, drainTimeoutMs: 30_000 });
  }

  left(server: string, next: EventData<'server.left'>['next'] = { to: 'available' }): number {
    const evidence = { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
    return this.tell('server.left', { server: serverId(server), group: production, next, evidence });
  }

  balancer(id: BalancerId = haproxy, groups: 'all' | GroupId[] = 'all'): number {
    return this.tell('balancer.registered', { balancer: id, kind: 'haproxy', groups });
  }

  /** What is seen of a server. */
  see(server: string, { receipt, inFlight, sync, problem }: Seen): void {
    const id = serverId(server);
    const seen: ObservedServer = {
      beat: null,
      seenAt: 0,
      receipt: null,
      receiptAt: 0,
      idleReadings: 0,
      unwellReadings: 0,
    };
    if (receipt !== undefined) {
      const proof = { log, term: 3, position: 0, server: id, instance: 'i', projects: [], failures: [], ...receipt };
      seen.receipt = { serving: 'yes', ...proof };
    }
    if (inFlight !== undefined) {
      const stamp = { term: 3, position: 0 };
      const counted = inFlight === 'uncounted' ? {} : { inFlight };
      const well = problem === undefined ? { healthy: true } : { healthy: false, problem };
      const beat = { server: id, instance: 'i', log, assignment: stamp, directive: stamp, ...well };
      seen.beat = { ...beat, ...counted, ...(sync === undefined ? {} : { sync }) };
      seen.seenAt = 77_000;
    }
    this.observed.serverById.set(id, seen);
  }

  /** A balancer's word on a group's pool. */
  confirm(position: number, differs: Partial<Applied> = {}): void {
    const applied = {
      log,
      term: 3,
      position,
      balancer: haproxy,
      group: production,
      servers: 0,
      inFlight: [],
      ...differs,
    };
    this.observed.appliedByKey.set(appliedKey(applied.balancer, applied.group), { applied, seenAt: 88_000 });
  }

  publish(position: number): void {
    this.observed.publishedPoolByGroup.set(production, position);
  }
}
