/**
 * Requests, failures and latency of new against old servers since a step began. Heartbeats count since their instance
 * began, so what a server had counted when the step was first seen is kept beside it and taken off.
 */
import { isServing } from '../domain/membership.ts';
import type { FleetState, Group, Rollout } from '../domain/state.ts';
import type { Observed, TrafficCount } from '../projections/observed.ts';
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import type { GroupId, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import type { About } from './about.ts';

/** Requests on either side before shares of them are compared: below that one failure is a percent and more. */
export const requestsMin = 100;

type Figures = NonNullable<GateEvidence['figures']>;

/**
 * Keeps what each server had counted when its group's present steps were first seen, and forgets older steps. The one
 * writer of `observed.trafficByStep`: called before each plan.
 */
export function noteTraffic(state: FleetState, observed: Observed, groupId: GroupId): void {
  const group = state.groupById.get(groupId);
  const present = new Set<string>();
  for (const rollout of group?.rolloutById.values() ?? []) {
    if (group === undefined || !looksAtFigures(rollout)) continue;
    const key = stepKey(group, rollout);
    present.add(key);
    noteStep({ group, rollout, observed, key });
  }
  for (const key of observed.trafficByStep.keys()) {
    if (key.startsWith(`${groupId}/`) && !present.has(key)) observed.trafficByStep.delete(key);
  }
}

export function looksAtFigures({ policy, status }: Rollout): boolean {
  const isAsked = policy.errorRateMax !== null || policy.latencyRatioMax !== null;
  return isAsked && policy.strategy.kind === 'canary' && (status === 'running' || status === 'paused');
}

/** Null: nobody is left to compare with. */
export function figuresOf(about: About): Figures | null {
  const { state, group, rollout, target, observed } = about;
  if (target.from === null) return null;
  const figures = { new: nothing(), old: nothing() };
  const project = target.project;
  let others = 0;
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    if (server === undefined || !isServing(server)) continue;
    const isNew = rollout.moved.has(id);
    others += isNew ? 0 : 1;
    const version = isNew ? target.to.version : target.from.version;
    add(isNew ? figures.new : figures.old, counted(observed, { key: stepKey(group, rollout), id, project, version }));
  }
  if (others === 0) return null;
  return { new: rounded(figures.new), old: rounded(figures.old) };
}

export function isEnough({ new: fresh, old }: Figures): boolean {
  return fresh.requests >= requestsMin && old.requests >= requestsMin;
}

/** Why the new version is worse by its figures; null: it is not. */
export function worse({ policy }: Rollout, { new: fresh, old }: Figures): 'error-rate' | 'latency' | null {
  const share = (side: Figures['new']) => side.errors / Math.max(1, side.requests);
  if (policy.errorRateMax !== null && share(fresh) - share(old) > policy.errorRateMax) return 'error-rate';
  if (policy.latencyRatioMax === null || old.latencyMs <= 0) return null;
  return fresh.latencyMs / old.latencyMs > policy.latencyRatioMax ? 'latency' : null;
}

function stepKey(group: Group, { id, target, step }: Rollout): string {
  return `${group.id}/${id}/${target}/${step}`;
}

interface Noted {
  readonly group: Group;
  readonly rollout: Rollout;
  readonly observed: Observed;
  readonly key: string;
}

function noteStep({ group, rollout, observed, key }: Noted): void {
  const byServer = observed.trafficByStep.get(key) ?? new Map();
  observed.trafficByStep.set(key, byServer);
  const target = rollout.targets[rollout.target];
  for (const id of group.servers) {
    const beat = observed.serverById.get(id)?.beat ?? null;
    const known = byServer.get(id);
    // One that has not been asked to count yet, or cannot, says nothing of what came before.
    if (target === undefined || beat?.traffic === undefined || known?.instance === beat.instance) continue;
    // An instance first seen within a step it began in has counted nothing before it.
    const began = known === undefined ? beat.traffic.filter(({ project }) => project === target.project) : [];
    byServer.set(id, { instance: beat.instance, before: began });
  }
}

interface Counting {
  readonly key: string;
  readonly id: ServerId;
  readonly project: ProjectId;
  readonly version: ProjectVersion;
}

/** Requests, errors, and the latency summed. */
function counted(observed: Observed, { key, id, project, version }: Counting): Figures['new'] {
  const beat = observed.serverById.get(id)?.beat ?? null;
  const base = observed.trafficByStep.get(key)?.get(id);
  const isIt = (count: TrafficCount) => count.project === project && count.version === version;
  const now = beat?.traffic?.find(isIt);
  if (now === undefined || base === undefined || base.instance !== beat?.instance) return nothing();
  const before = base.before.find(isIt) ?? nothing();
  return {
    requests: Math.max(0, now.requests - before.requests),
    errors: Math.max(0, now.errors - before.errors),
    latencyMs: Math.max(0, now.latencyMs - before.latencyMs),
  };
}

function nothing(): Figures['new'] {
  return { requests: 0, errors: 0, latencyMs: 0 };
}

function add(sum: Figures['new'], more: Figures['new']): void {
  sum.requests += more.requests;
  sum.errors += more.errors;
  sum.latencyMs += more.latencyMs;
}

/** From the sum to the mean. */
function rounded({ requests, errors, latencyMs }: Figures['new']): Figures['new'] {
  return { requests, errors, latencyMs: requests === 0 ? 0 : Math.round((latencyMs / requests) * 1_000) / 1_000 };
}
