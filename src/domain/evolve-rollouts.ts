/** The fold of rollouts under way: who is told, what is waited for, which way it goes. A rollout is written into: copies have their own. */
import type { Event, EventHead } from '../../schemas/events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import { projectsOf } from './evolve-deployments.ts';
import { retell } from './evolve-desired.ts';
import { takeOut } from './evolve-switch.ts';
import { isInPool, isServing } from './membership.ts';
import { isInBatch } from './release.ts';
import { changeMember } from './settle.ts';
import type { FleetState, Group, Rollout } from './state.ts';

/** A later advance of the same step adds to it: limits may let a step be told in parts only. */
export function rolloutAdvanced(state: FleetState, event: Event<'rollout.advanced'>): void {
  const { target, step, servers, sparesLast = false } = event.data;
  withRollout(state, event, (rollout, group) => {
    if (rollout.targets[target] === undefined) return;
    const told = servers.filter((id) => group.servers.has(id));
    retell(state, { event, group, projects: projectsOf(rollout) }, () => {
      const isSameStep = target === rollout.target && step === rollout.step;
      if (target !== rollout.target) beginTarget(rollout, target);
      if (!isSameStep && rollout.promoted === 'step') rollout.promoted = null;
      rollout.step = step;
      rollout.batch = sortedUnion(isSameStep ? rollout.batch : [], told);
      judgeFrom(rollout, event);
      const isStandby = isStandbyStep(state, { group, rollout, told, sparesLast });
      for (const id of told) rollout.moved.add(id);
      if (isStandby) {
        rollout.standby = { servers: new Set([...(rollout.standby?.servers ?? []), ...told]), switchedAt: null };
      } else if (sparesLast && rollout.standby?.switchedAt === null) {
        // Whoever stood by is gone, and there is nobody else to switch from: this is no blue-green any more.
        rollout.standby = null;
      }
      if (rollout.targets[target]?.from === null) return;
      if (!isStandby && rollout.policy.change !== 'drain-first') return;
      for (const id of told) {
        // The last one takes the version while it serves: a pool is never emptied for a rollout's sake.
        if (!isStandby && sparesLast && !isAnotherServing(state, group, [id])) continue;
        if (takeOut(state, { event, server: id, group, isStandby })) rollout.waiting.add(id);
      }
    });
  });
}

export function rolloutPaused(state: FleetState, event: Event<'rollout.paused'>): void {
  withRollout(state, event, (rollout) => {
    const { by } = event.data;
    rollout.status = 'paused';
    rollout.pausedBy = by;
    rollout.reason =
      by === 'step'
        ? `step ${rollout.step + 1} waits to be promoted`
        : (event.reason ?? `paused by ${event.principal}`);
  });
}

/** The time it was paused counts against nothing. A step's own pause is over once somebody resumes it. */
export function rolloutResumed(state: FleetState, event: Event<'rollout.resumed'>): void {
  withRollout(state, event, (rollout) => {
    if (rollout.pausedBy === 'step') rollout.promoted ??= 'step';
    run(rollout, event);
  });
}

export function rolloutPromoted(state: FleetState, event: Event<'rollout.promoted'>): void {
  withRollout(state, event, (rollout) => {
    rollout.promoted = event.data.all || rollout.promoted === 'all' ? 'all' : 'step';
    if (rollout.status === 'paused') run(rollout, event);
  });
}

export function rolloutAborted(state: FleetState, event: Event<'rollout.aborted'>): void {
  withRollout(state, event, (rollout, group) =>
    rollBack(state, { event, group, rollout, reason: event.reason ?? `aborted by ${event.principal}` }),
  );
}

/** What failed of the present step is told again; what holds its set is left alone. */
export function rolloutRetried(state: FleetState, event: Event<'rollout.retried'>): void {
  withRollout(state, event, (rollout, group) => {
    run(rollout, event);
    for (const server of rollout.batch) {
      changeMember(state, { event, server, group: group.id }, ({ failing }) =>
        failing === null ? {} : { failing: null, directiveAt: event.position },
      );
    }
  });
}

export function rolloutFailed(state: FleetState, event: Event<'rollout.failed'>): void {
  withRollout(state, event, (rollout, group) => {
    const { next, reason } = event.data;
    if (next === 'roll-back') return rollBack(state, { event, group, rollout, reason });
    rollout.status = 'halted';
    rollout.pausedBy = null;
    rollout.reason = reason;
  });
}

/** One of those it is judged by has proved its set. */
export function noteProgress(group: Group | undefined, id: ServerId, at: number): void {
  for (const rollout of group?.rolloutById.values() ?? []) if (isInBatch(rollout, { id })) rollout.progressAt = at;
}

interface RolledBack {
  readonly event: EventHead;
  readonly group: Group;
  readonly rollout: Rollout;
  readonly reason: string;
}

/**
 * Everybody goes back at once. Who was still to leave the pool never took the new version. Where traffic has been
 * switched and the old part is as it was, it is switched back first.
 */
function rollBack(state: FleetState, { event, group, rollout, reason }: RolledBack): void {
  const told = retell(state, { event, group, projects: projectsOf(rollout) }, () => {
    for (const id of rollout.waiting) rollout.moved.delete(id);
    rollout.waiting = new Set();
    if (!maySwitchBack(state, group, rollout)) rollout.standby = null;
    rollout.status = 'rolling-back';
    rollout.pausedBy = null;
    rollout.promoted = null;
    rollout.reason = reason;
  });
  rollout.batch = sortedUnion([], told);
  judgeFrom(rollout, event);
}

function maySwitchBack(state: FleetState, group: Group, { standby, moved }: Rollout): boolean {
  if (standby === null || standby.switchedAt === null) return false;
  for (const id of moved) if (!standby.servers.has(id)) return false;
  for (const id of group.servers) {
    if (!standby.servers.has(id) && state.serverById.get(id)?.member?.cordon?.until === 'rolled') return true;
  }
  return false;
}

interface StandbyStep {
  readonly group: Group;
  readonly rollout: Rollout;
  readonly told: readonly ServerId[];
  readonly sparesLast: boolean;
}

/** The first step of a blue-green takes its servers out of the pool, if others go on taking requests in it. */
function isStandbyStep(state: FleetState, { group, rollout, told, sparesLast }: StandbyStep): boolean {
  const { policy, targets, target, step, standby } = rollout;
  if (policy.strategy.kind !== 'blue-green' || step !== 0 || (targets[target]?.from ?? null) === null) return false;
  if (standby === null ? rollout.moved.size > 0 : standby.switchedAt !== null) return false;
  if (sparesLast) return isAnotherServing(state, group, told);
  return standby !== null || isAnotherInPool(state, group, told);
}

/** What counted before the last one that takes requests was spared. */
function isAnotherInPool(state: FleetState, { servers }: Group, but: readonly ServerId[]): boolean {
  for (const id of servers) {
    if (!but.includes(id) && isInPool(state.serverById.get(id)?.member ?? null)) return true;
  }
  return false;
}

function isAnotherServing(state: FleetState, { servingCount }: Group, but: readonly ServerId[]): boolean {
  let others = servingCount;
  for (const id of but) {
    const server = state.serverById.get(id);
    if (server !== undefined && isServing(server)) others -= 1;
  }
  return others > 0;
}

function beginTarget(rollout: Rollout, target: number): void {
  rollout.target = target;
  rollout.moved = new Set();
  rollout.waiting = new Set();
  rollout.standby = null;
}

function run(rollout: Rollout, event: EventHead): void {
  rollout.status = 'running';
  rollout.pausedBy = null;
  rollout.reason = '';
  judgeFrom(rollout, event);
}

function judgeFrom(rollout: Rollout, { at }: EventHead): void {
  rollout.stepAt = at;
  rollout.progressAt = at;
}

interface OfRollout extends EventHead {
  readonly data: { readonly group: Group['id']; readonly rollout: Rollout['id'] };
}

function withRollout(
  state: FleetState,
  { data, position }: OfRollout,
  change: (rollout: Rollout, group: Group) => void,
): void {
  const group = state.groupById.get(data.group);
  const rollout = group?.rolloutById.get(data.rollout);
  if (group === undefined || rollout === undefined) return;
  rollout.since = position;
  change(rollout, group);
}

function sortedUnion(before: readonly ServerId[], more: readonly ServerId[]): ServerId[] {
  return [...new Set([...before, ...more])].sort();
}
