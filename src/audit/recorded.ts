/**
 * What a leader must have observed for the log to be what it is. Heartbeats and receipts are not in the log, but what
 * was decided on them is, and as evidence what they said; and of whom the log says nothing, it was heard that all is
 * well. Never more than that: what a decision would need beside it is unknown. Pure.
 */
import type { Event } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import { directivePosition } from '../domain/membership.ts';
import type { FleetState, Group, Rollout, Server } from '../domain/state.ts';
import { balancersOf } from '../projections/balancers.ts';
import { desiredFor } from '../projections/desired.ts';
import { appliedKey, emptyObserved, type Observed, type ObservedServer } from '../projections/observed.ts';
import { idleReadingsMin, unwellReadingsMin } from '../server-machine/facts.ts';

/** An instance that never was: the log names instances only where one proved something. */
const someInstance = 'recorded';

export interface Recorded {
  /** Before the event, if there is one. */
  readonly state: FleetState;
  /** When it is looked at, milliseconds since the epoch. */
  readonly at: number;
  /** Of whom it is needed. */
  readonly servers: Iterable<ServerId>;
  /** The event about to be decided, whose evidence counts. */
  readonly event?: Event;
}

export function recordedObserved({ state, at, servers, event }: Recorded): Observed {
  const observed = emptyObserved();
  for (const id of servers) {
    const server = state.serverById.get(id);
    if (server !== undefined) observed.serverById.set(id, lastHeard(state, server, at));
  }
  if (event !== undefined) addEvidence(observed, { state, event });
  return observed;
}

/** Whoever is not lost was heard within its lease, and was well: else the log would say so. */
function lastHeard(state: FleetState, { id, member, lost }: Server, at: number): ObservedServer {
  const stamp = { term: state.term, position: member?.covers ?? 0 };
  const log = state.log === null ? {} : { log: state.log };
  const beat = { server: id, instance: someInstance, ...log, assignment: stamp, directive: stamp, inFlight: 0 };
  const seenAt = lost === null ? at : 0;
  const unwellReadings = lost?.cause === 'unhealthy' ? unwellReadingsMin : 0;
  const isHeard = lost === null || lost.cause === 'unhealthy';
  return {
    beat: isHeard ? { ...beat, healthy: unwellReadings === 0 } : null,
    seenAt,
    receipt: null,
    receiptAt: 0,
    idleReadings: 0,
    unwellReadings,
  };
}

interface Deciding {
  readonly state: FleetState;
  readonly event: Event;
}

function addEvidence(observed: Observed, { state, event }: Deciding): void {
  switch (event.type) {
    case 'server.ready':
    case 'server.sync-failed':
      return addReceipt(observed, { state, event });
    case 'server.lost': {
      const seen = observed.serverById.get(event.data.server);
      if (seen === undefined) return;
      seen.seenAt = event.data.evidence.seenAt;
      if (event.data.cause === 'unhealthy')
        Object.assign(seen, { seenAt: event.at, unwellReadings: unwellReadingsMin });
      return;
    }
    case 'server.returned': {
      const seen = observed.serverById.get(event.data.server);
      if (seen !== undefined) Object.assign(seen, { seenAt: event.at, unwellReadings: 0 });
      return;
    }
    case 'server.left':
    case 'server.drained':
      return addDrain(observed, { state, event });
    case 'rollout.advanced':
    case 'rollout.paused':
    case 'rollout.switched':
      return addGate(observed, { state, data: event.data, evidence: event.data.passed });
    case 'rollout.failed':
      return addGate(observed, { state, data: event.data, evidence: event.data.failed });
    default:
      return;
  }
}

function addReceipt(
  observed: Observed,
  { state, event }: { state: FleetState; event: Event<'server.ready' | 'server.sync-failed'> },
): void {
  const { server, covers } = event.data;
  const seen = observed.serverById.get(server);
  const desired = desiredFor(state, server);
  if (seen === undefined || desired === null || state.log === null) return;
  const isReady = event.type === 'server.ready';
  const instance = isReady ? event.data.evidence.instance : someInstance;
  if (seen.beat !== null) seen.beat = { ...seen.beat, instance };
  seen.receipt = {
    log: state.log,
    term: state.term,
    position: covers,
    server,
    instance,
    serving: desired.serving,
    projects: isReady ? desired.projects.map(({ project, version }) => ({ project, version })) : [],
    failures: isReady ? [] : event.data.failures,
    ...(!isReady && !event.data.final ? { retryAt: event.at } : {}),
  };
  seen.receiptAt = isReady ? event.data.evidence.receivedAt : event.at;
}

function addDrain(
  observed: Observed,
  { state, event }: { state: FleetState; event: Event<'server.left' | 'server.drained'> },
): void {
  const { server, group, evidence } = event.data;
  const { inFlight, deadlinePassed, unconfirmed } = evidence;
  const seen = observed.serverById.get(server);
  if (seen === undefined || state.log === null) return;
  const stamp = { log: state.log, term: state.term, position: state.position };
  const { beat } = seen;
  if (beat !== null) {
    const { inFlight: _, ...uncounted } = beat;
    seen.beat = evidence.uncounted === true ? uncounted : { ...beat, inFlight };
  }
  seen.idleReadings = deadlinePassed ? 0 : idleReadingsMin;
  seen.receipt = { ...stamp, server, instance: someInstance, serving: 'draining', projects: [], failures: [] };
  for (const balancer of balancersOf(state, group)) {
    if (unconfirmed.includes(balancer)) continue;
    const applied = { ...stamp, balancer, group, servers: 0, inFlight: [] };
    observed.appliedByKey.set(appliedKey(balancer, group), { applied, seenAt: event.at });
  }
}

interface Gate {
  readonly state: FleetState;
  readonly data: { readonly group: GroupId; readonly rollout: number };
  readonly evidence: GateEvidence | null;
}

function addGate(observed: Observed, { state, data, evidence }: Gate): void {
  const group = state.groupById.get(data.group);
  const rollout = group?.rolloutById.get(data.rollout);
  if (group === undefined || rollout === undefined || evidence === null) return;
  for (const { server: id, healthySince } of evidence.servers) {
    const seen = observed.serverById.get(id);
    // The log alone would call it healthy; the gate did not: its heartbeats said so.
    if (healthySince === null && seen !== undefined && isProven(group, state.serverById.get(id))) {
      seen.unwellReadings = unwellReadingsMin;
    }
  }
  if (evidence.figures !== null) addFigures(observed, { group, rollout, figures: evidence.figures, state });
}

function isProven(group: Group, server: Server | undefined): boolean {
  const member = server?.member ?? null;
  if (server === undefined || member === null || server.lost !== null || member.failing !== null) return false;
  return member.covers >= directivePosition(group, member);
}

interface FiguresOf {
  readonly state: FleetState;
  readonly group: Group;
  readonly rollout: Rollout;
  readonly figures: NonNullable<GateEvidence['figures']>;
}

/** The figures of either side, as one server's of it: only their sum is recorded, and only their sum is judged. */
function addFigures(observed: Observed, { state, group, rollout, figures }: FiguresOf): void {
  const target = rollout.targets[rollout.target];
  if (target === undefined || target.from === null) return;
  const key = `${group.id}/${rollout.id}/${rollout.target}/${rollout.step}`;
  const before = new Map<ServerId, { instance: string; before: [] }>();
  const sides = [
    { isNew: true, counted: figures.new, version: target.to.version },
    { isNew: false, counted: figures.old, version: target.from.version },
  ];
  for (const { isNew, counted, version } of sides) {
    const id = [...group.servers].find(
      (one) => rollout.moved.has(one) === isNew && state.serverById.get(one)?.member?.admittedAt != null,
    );
    const seen = id === undefined ? undefined : observed.serverById.get(id);
    if (id === undefined || seen === undefined || seen.beat === null) continue;
    const latencyMs = counted.latencyMs * counted.requests;
    seen.beat = { ...seen.beat, traffic: [{ project: target.project, version, ...counted, latencyMs }] };
    before.set(id, { instance: seen.beat.instance, before: [] });
  }
  observed.trafficByStep.set(key, before);
}
