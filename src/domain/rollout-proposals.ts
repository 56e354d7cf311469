/**
 * What the leader proposes of rollouts, checked against the log at the head: what was told, proved and waited for. What
 * only the leader observes (heartbeats, figures) is its word, and stands in the event as evidence.
 */
import type { EventData } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { isServing } from './membership.ts';
import { hasProved, isMoved, isWitness } from './release.ts';
import { type Fact, overtaken } from './ruling.ts';
import type { FleetState, Group, Rollout, Server } from './state.ts';

export interface OfRollout {
  readonly group: GroupId;
  readonly rollout: Position;
}

export interface UnderWay {
  readonly group: Group;
  readonly rollout: Rollout;
}

/** The rollout, if it is under way in one of these statuses. */
export function underWay(
  state: FleetState,
  { group: groupId, rollout: id }: OfRollout,
  statuses: readonly Rollout['status'][],
): UnderWay | Rejection {
  const group = state.groupById.get(groupId);
  const rollout = group?.rolloutById.get(id);
  if (group === undefined || rollout === undefined) return overtaken(`rollout ${id} is over`);
  if (statuses.includes(rollout.status)) return { group, rollout };
  return overtaken(`rollout ${id} is ${rollout.status}`);
}

type Advanced = Omit<EventData<'rollout.advanced'>, 'sparesLast'>;

export function advancedFact(state: FleetState, data: Advanced): Fact | Rejection {
  return refuseAdvanced(state, data) ?? { type: 'rollout.advanced', data: { ...data, sparesLast: true } };
}

/** The next step, or more of the present one; or the first of the next project once this one is on every server. */
function refuseAdvanced(state: FleetState, data: Advanced): Rejection | undefined {
  const about = underWay(state, data, ['running']);
  if ('code' in about) return about;
  const { group, rollout } = about;
  const { target, step, servers } = data;
  const isNext = target === rollout.target + 1 && rollout.targets[target] !== undefined && step === 0;
  const isSame = target === rollout.target && (step === rollout.step || step === rollout.step + 1) && step >= 0;
  if (!isNext && !isSame) {
    return overtaken(`rollout ${rollout.id} is at step ${rollout.step} of project ${rollout.target}`);
  }
  if (servers.length === 0) return { code: 'invalid', message: 'a step tells a server', field: 'servers' };
  if (isNext) {
    const left = membersOf(state, group).find((server) => !isThrough(about, server));
    if (left !== undefined) return overtaken(`server "${left.id}" is not through with project ${rollout.target}`);
  }
  for (const id of servers) {
    const server = state.serverById.get(id);
    if (server === undefined || !isWitness(group, server)) return overtaken(`server "${id}" is not there to be told`);
    if (server.member?.drain != null) return overtaken(`server "${id}" is draining`);
    if (isSame && isMoved(rollout, server)) return overtaken(`server "${id}" was told already`);
  }
  return undefined;
}

/** A canary's own pause, where its policy has one. A person's pause is a command. */
export function refusePaused(state: FleetState, data: EventData<'rollout.paused'>): Rejection | undefined {
  const about = underWay(state, data, ['running']);
  if ('code' in about) return about;
  const { policy, promoted, id } = about.rollout;
  const pauses = policy.strategy.kind === 'canary' && policy.strategy.steps.some(({ pause }) => pause === true);
  if (data.by !== 'step' || !pauses) {
    return { code: 'invalid', message: `no step of rollout ${id} has a pause of its own`, field: 'by' };
  }
  return promoted === null ? undefined : overtaken(`rollout ${id} is promoted past its pause`);
}

/** By the log's time, where the cause is a deadline; by the log's failures, where it is one. */
export function refuseFailed(state: FleetState, data: EventData<'rollout.failed'>, at: number): Rejection | undefined {
  const about = underWay(state, data, ['running']);
  if ('code' in about) return about;
  const { policy, stepAt, progressAt, moved } = about.rollout;
  const next = policy.autoRollback ? 'roll-back' : 'halt';
  if (data.next !== next) {
    return { code: 'invalid', message: `by its policy the next is to ${next}`, field: 'next' };
  }
  if (data.cause === 'healthy-deadline' && at < stepAt + policy.healthyDeadlineMs) {
    return overtaken('its servers have time left');
  }
  if (data.cause === 'progress-deadline' && at < progressAt + policy.progressDeadlineMs) {
    return overtaken('there was progress since');
  }
  if (data.cause !== 'sync-failed') return undefined;
  for (const id of moved) if (state.serverById.get(id)?.member?.failing?.final === true) return undefined;
  return overtaken('none of its servers fails any more');
}

/**
 * Everybody it hangs on was told the last of its projects, and has proved it and is where it was but for as many as may
 * fail. Never a success by nobody.
 */
export function succeededFact(state: FleetState, data: OfRollout): Fact | Rejection {
  const about = underWay(state, data, ['running']);
  if ('code' in about) return about;
  const { group, rollout } = about;
  if (rollout.target !== rollout.targets.length - 1) return overtaken(`rollout ${rollout.id} has projects left`);
  let servers = 0;
  const behind: ServerId[] = [];
  for (const server of membersOf(state, group)) {
    if (!isWitness(group, server)) continue;
    if (!isThrough(about, server)) return overtaken(`server "${server.id}" has yet to be told`);
    if (isSettled(group, server)) servers += 1;
    else behind.push(server.id);
  }
  if (behind.length > rollout.policy.failuresAllowed) return overtaken(`server "${behind[0]}" has yet to prove it`);
  if (servers === 0) return overtaken('there is no server that has proved it');
  return { type: 'rollout.succeeded', data: { group: group.id, rollout: rollout.id, evidence: { servers } } };
}

/** Everybody reachable has proved what was before, or has given up; past the deadline, whoever has. */
export function rolledBackFact(state: FleetState, data: OfRollout, at: number): Fact | Rejection {
  const about = underWay(state, data, ['rolling-back']);
  if ('code' in about) return about;
  const { group, rollout } = about;
  const hasTime = at < rollout.progressAt + rollout.policy.progressDeadlineMs;
  const concerned = new Set([...rollout.moved, ...rollout.batch]);
  let servers = 0;
  for (const server of membersOf(state, group)) {
    if (!isWitness(group, server)) continue;
    if (hasTime && isKept(rollout, server)) return overtaken('traffic has yet to be switched back');
    if (!concerned.has(server.id)) continue;
    if (isSettled(group, server)) servers += 1;
    else if (hasTime && server.member?.failing?.final !== true)
      return overtaken(`server "${server.id}" is not back yet`);
  }
  return { type: 'rollout.rolled-back', data: { group: group.id, rollout: rollout.id, evidence: { servers } } };
}

/** It has proved what it shall hold, and no rollout keeps it out of the pool. */
function isSettled(group: Group, { member }: Server): boolean {
  return member !== null && hasProved(group, member) && member.cordon?.until !== 'rolled';
}

/** Of the old part of a blue-green that traffic is still to be switched back to, and able to take it one day. */
function isKept({ standby, moved }: Rollout, { id, member }: Server): boolean {
  if (standby === null || standby.servers.has(id) || moved.has(id)) return false;
  return member?.cordon?.until === 'rolled' && member.failing?.final !== true;
}

/** It was told the present project, or needs no telling; one that takes no requests is not waited for. */
function isThrough({ group, rollout }: UnderWay, server: Server): boolean {
  if (rollout.targets[rollout.target]?.from === null) return true;
  if (isMoved(rollout, server)) return !rollout.waiting.has(server.id);
  return !isWitness(group, server) || (rollout.target < rollout.targets.length - 1 && !isServing(server));
}

export function membersOf(state: FleetState, { servers }: { readonly servers: ReadonlySet<ServerId> }): Server[] {
  return [...servers].map((id) => state.serverById.get(id)).filter((server) => server !== undefined);
}
