/** What a server's facets mean to those who ask: one word, which group, whether traffic may reach it, what it proves. */
import type { LeavesTo } from '../../schemas/events.ts';
import type { ServerStatus } from '../../schemas/group-status.ts';
import type { GroupId, Position } from '../../schemas/ids.ts';
import type { Drain, Group, Member, Server } from './state.ts';

type Standing = Pick<Server, 'member' | 'lost'>;

/** The one word people see; where several are true, the one that needs them most. `since` tells how long it holds. */
export function statusOf({ member, lost }: Standing): ServerStatus {
  if (lost !== null) return 'lost';
  if (member === null) return 'available';
  if (member.drain !== null) return 'draining';
  if (member.failing !== null) return member.failing.final ? 'failed' : 'retrying';
  if (isInPool(member)) return 'ready';
  return member.cordon === null ? 'syncing' : 'cordoned';
}

/** The group the server is in, also while it drains out of it; null when available or not known. */
export function groupOf(server: Pick<Server, 'member'> | undefined): GroupId | null {
  return server?.member?.group ?? null;
}

/** True while the group's pool lists the server, to take new requests or to finish. */
export function isInPool(member: Member | null): boolean {
  return member !== null && member.admittedAt !== null;
}

/** What the pool says of a member that is in it. */
export function adminOf(member: Member): 'ready' | 'drain' {
  return member.drain === null ? 'ready' : 'drain';
}

/** In the pool to take new requests, and well as far as the log knows: what the floor counts. */
export function isServing({ member, lost }: Standing): boolean {
  return lost === null && member !== null && isInPool(member) && member.drain === null;
}

/** On its way into the pool: what `group.syncing` lists. One that tries again by itself is among them. */
export function isSyncing({ member, lost }: Standing): boolean {
  return lost === null && member !== null && mayEnter(member) && member.failing?.final !== true;
}

/** Nothing but a proof keeps this member out of the pool, or it is in. A lost one has to return first, too. */
export function mayEnter(member: Member): boolean {
  return member.admittedAt === null && member.cordon === null && member.drain === null;
}

/**
 * Kept out of the pool by a person, or by its own restart. One that was cordoned in the pool stays in it until it
 * leaves, and is a member like any other.
 */
export function isKeptOut(member: Member): boolean {
  return member.cordon !== null && member.cordon.until !== 'rolled' && (member.drain !== null || !isInPool(member));
}

type Leaving = Member & { readonly drain: Drain & { readonly next: LeavesTo } };

/** On its way out of the group, not just of the pool. */
export function isLeaving(member: Member): member is Leaving {
  return member.drain !== null && member.drain.next !== null;
}

/** The group the server joins once its drain is over; null when it goes nowhere or to no group. */
export function targetOf({ member }: Pick<Server, 'member'>): GroupId | null {
  const next = member?.drain?.next ?? null;
  return next?.to === 'group' ? next.group : null;
}

/** True when the server will join `group` once its drain out of another one is over. */
export function isBoundFor(server: Pick<Server, 'member'>, group: GroupId): boolean {
  return targetOf(server) === group;
}

/** The position a member's directive follows from: the group's deployments, or what was said to this member alone. */
export function directivePosition(
  group: Pick<Group, 'deploymentsChangedAt'>,
  member: Pick<Member, 'directiveAt'>,
): Position {
  return Math.max(group.deploymentsChangedAt, member.directiveAt);
}

/** The position of what the member is to be told now: its directive's, or that of its drain. */
export function toldPosition(
  group: Pick<Group, 'deploymentsChangedAt'>,
  member: Pick<Member, 'directiveAt' | 'drain'>,
): Position {
  return Math.max(directivePosition(group, member), member.drain?.at ?? 0);
}

/**
 * What the directive at that position says. Whoever publishes `draining` has every balancer's confirmation first. What
 * a rollout has taken out of the pool gets ready for traffic there, as a server does that has yet to enter.
 */
export function directiveServing({ drain, cordon }: Pick<Member, 'drain' | 'cordon'>): 'yes' | 'draining' {
  if (drain !== null) return 'draining';
  return cordon?.drained === true && cordon.until !== 'rolled' ? 'draining' : 'yes';
}

export function sameNext(a: LeavesTo, b: LeavesTo): boolean {
  return a.to === b.to && (a.to !== 'group' || b.to !== 'group' || a.group === b.group);
}
