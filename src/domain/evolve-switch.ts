/** The fold of pools that rollouts change: servers taken out for one, and the switch from one part of a pool to another. */
import type { Event, EventHead } from '../../schemas/events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import { projectsOf } from './evolve-deployments.ts';
import { retell } from './evolve-desired.ts';
import { isInPool, mayEnter } from './membership.ts';
import { changeMember } from './settle.ts';
import type { FleetState, Group } from './state.ts';

/** One event, so one revision of the pool. Switched back, the standby part has done its part. */
export function rolloutSwitched(state: FleetState, event: Event<'rollout.switched'>): void {
  const { group: groupId, rollout: id, to, from } = event.data;
  const group = state.groupById.get(groupId);
  const rollout = group?.rolloutById.get(id);
  if (group === undefined || rollout === undefined || rollout.standby === null) return;
  const isBack = rollout.status === 'rolling-back';
  const { servers } = rollout.standby;
  const told = retell(state, { event, group, projects: projectsOf(rollout) }, () => {
    rollout.standby = isBack ? null : { servers, switchedAt: event.at };
    for (const server of to) letIn(state, { event, server, group });
    for (const server of from) {
      const drains = takeOut(state, { event, server, group, isStandby: false });
      if (drains && isBack) rollout.waiting.add(server);
    }
  });
  if (isBack) rollout.batch = [...new Set([...rollout.batch, ...told, ...rollout.waiting])].sort();
  rollout.since = event.position;
  rollout.stepAt = event.at;
  rollout.progressAt = event.at;
}

interface OfMember {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly group: Group;
}

interface TakenOut extends OfMember {
  /** It shall not enter the pool either, if it is not in it. */
  readonly isStandby: boolean;
}

/**
 * A member begins to leave the pool for a rollout's sake; true when it has to drain first. What a person has cordoned
 * in the pool could not come back: it stays, and takes the version while it serves. What is draining already drains as
 * it was told.
 */
export function takeOut(state: FleetState, { event, server, group, isStandby }: TakenOut): boolean {
  let drains = false;
  changeMember(state, { event, server, group: group.id }, (member) => {
    const { position: at } = event;
    const cordon = { at, drained: false, until: 'rolled' as const, ...member.cordon };
    if (member.drain !== null) return {};
    if (isInPool(member) && member.cordon !== null && member.cordon.until !== 'rolled') return {};
    if (!isInPool(member)) return isStandby ? { cordon: { ...cordon, drained: true } } : {};
    drains = true;
    const deadlineAt = event.at + group.policy.drainTimeoutMs;
    return { cordon, drain: { at, deadlineAt, wasInPool: true, next: null }, directiveAt: at, held: false };
  });
  return drains;
}

/** Into the pool without another proof: it stood by with one. */
function letIn(state: FleetState, { event, server, group }: OfMember): void {
  changeMember(state, { event, server, group: group.id }, (member, { lost }) => {
    const free = { ...member, cordon: null };
    if (lost !== null || member.cordon?.until !== 'rolled' || !mayEnter(free)) return {};
    return { cordon: null, admittedAt: event.position };
  });
}
