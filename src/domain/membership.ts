/** What a membership means to those who ask: which group, whether traffic may reach it, what it has to prove. */
import type { GroupId, Position } from '../../schemas/ids.ts';
import type { LeavesTo } from '../../schemas/events.ts';
import type { Group, Membership } from './state.ts';

/** The group the server is in, also while it drains out of it; null when available. */
export function groupOf(membership: Membership): GroupId | null {
  return membership.status === 'available' ? null : membership.group;
}

/** True while the group's pool lists the server, as ready or as draining. */
export function isInPool(membership: Membership): boolean {
  return membership.status === 'ready' || (membership.status === 'draining' && membership.wasReady);
}

/** The position a member's directive follows from: its own joining or the group's last deployment. */
export function directivePosition(group: Group, member: { readonly joinedAt: Position }): Position {
  return Math.max(group.deploymentsChangedAt, member.joinedAt);
}

/** True when the server will join `group` once its drain out of another one is over. */
export function isBoundFor(membership: Membership, group: GroupId): boolean {
  return membership.status === 'draining' && membership.next.to === 'group' && membership.next.group === group;
}

export function sameNext(a: LeavesTo, b: LeavesTo): boolean {
  return a.to === b.to && (a.to !== 'group' || b.to !== 'group' || a.group === b.group);
}
