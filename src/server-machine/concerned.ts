/**
 * Which members of a group to look at because of an event about all of it. A deploy to ten thousand is three such
 * events, and two of them leave every server as it was. Pure; what an event says of servers by name is not asked here.
 */
import { toldPosition } from '../domain/membership.ts';
import type { FleetState, Group, Member } from '../domain/state.ts';
import type { Event } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';

/** `state` is the one after the event, or any later one. Costs one pass over the group for such an event, else nothing. */
export function* concernedMembers(state: FleetState, groupId: GroupId, event: Event): Generator<ServerId> {
  const group = state.groupById.get(groupId);
  if (group === undefined || !isAboutAll(event)) return;
  for (const id of group.servers) {
    const member = state.serverById.get(id)?.member ?? null;
    if (member !== null && mayHaveSomethingNew(event, { group, member })) yield id;
  }
}

/** It was told something by the event or since, or is out of the pool for a rollout, which may have ended with it. */
function mayHaveSomethingNew({ type, position }: Event, { group, member }: { group: Group; member: Member }): boolean {
  // A policy holds each member's lease.
  if (type === 'group.configured') return true;
  return toldPosition(group, member) >= position || member.cordon?.until === 'rolled';
}

function isAboutAll({ type }: Event): boolean {
  switch (type) {
    case 'deployment.requested':
    case 'deployment.withdrawn':
    case 'release.requested':
    case 'rollout.advanced':
    case 'rollout.aborted':
    case 'rollout.failed':
    case 'rollout.retried':
    case 'rollout.rolled-back':
    case 'rollout.succeeded':
    case 'rollout.switched':
    case 'group.configured':
      return true;
    default:
      return false;
  }
}
