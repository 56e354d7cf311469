/**
 * How far one member of a group has come from desired to done: the position up to which every change is done there.
 * `GroupStatus` is made of these. Why it stands there is said in `server-words.ts`.
 */
import { directivePosition, isInPool } from '../domain/membership.ts';
import type { FleetState, Group, Member, Server } from '../domain/state.ts';
import type { Position, ServerId } from '../../schemas/ids.ts';
import type { Receipt } from '../../schemas/receipt.ts';
import type { Observed } from './observed.ts';

/** A member, with what is known of it and of its group. */
export interface MemberOf {
  readonly server: Server;
  readonly member: Member;
  readonly group: Group;
}

/**
 * The position up to which every change is done on this member; null when nothing is outstanding, or nobody can wait
 * for it: a dead machine, one that is kept out of the pool, or one that has given up, may never come.
 */
export function doneUpTo({ server, member, group }: MemberOf): Position | null {
  if (member.drain !== null) return member.drain.at - 1;
  if (!isWaitedFor({ server, member, group })) return null;
  if (!isInPool(member)) return member.askedAt - 1;
  const isBehind = member.failing !== null || member.covers < directivePosition(group, member);
  return isBehind ? member.covers : null;
}

/**
 * It has used up its tries at the set it shall hold. Waiting would be in vain, and changes that do not concern it must
 * not wait: it stands among the laggards with its reason, and under `failed` in the counts.
 */
function hasGivenUp(group: Group, member: Member): boolean {
  return member.failing?.final === true && member.failing.covers >= directivePosition(group, member);
}

/** False: only a person or its own return changes anything. */
export function isWaitedFor({ server, member, group }: MemberOf): boolean {
  if (hasGivenUp(group, member)) return false;
  return isInPool(member) || (server.lost === null && member.cordon === null);
}

/** The server's newest receipt since it joined: an older one proves another group's set, or another log's. */
export function receiptSince(
  state: FleetState,
  observed: Observed,
  { server, joinedAt }: { readonly server: ServerId; readonly joinedAt: Position },
): Receipt | null {
  const receipt = observed.serverById.get(server)?.receipt ?? null;
  return receipt !== null && receipt.log === state.log && receipt.position >= joinedAt ? receipt : null;
}
