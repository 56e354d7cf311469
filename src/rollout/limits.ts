/**
 * How many servers of a group rollouts may have in motion: all of the arithmetic, and nothing else.
 *
 * In motion is who was told something it has yet to prove, or is out of the pool for a rollout's sake. All rollouts of
 * a group share one number, and the strictest of those that run says it. What a blue-green takes out at once is its
 * own policy's word: it begins only when nothing else moves, and nothing else begins before it is through.
 */
import { directivePosition, isInPool, isKeptOut, isLeaving } from '../domain/membership.ts';
import type { FleetState, Group, Rollout, Server } from '../domain/state.ts';
import type { ServerId } from '../../schemas/ids.ts';
import { amountOf } from '../../schemas/rollout.ts';

/** Servers of the group that its rollouts may have in motion together. */
export function limitOf(group: Group): number {
  const running = [...group.rolloutById.values()].filter(({ status }) => status === 'running');
  const limits = running.map(({ policy }) => amountOf(policy.maxUnavailable, group.servers.size));
  return Math.min(...limits, group.servers.size);
}

/** Sorted by nothing: a set to count. Who is lost, or leaves, moves for other reasons. */
export function inMotion(state: FleetState, group: Group): Set<ServerId> {
  const moving = new Set<ServerId>();
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    if (server !== undefined && isInMotion(group, server)) moving.add(id);
  }
  return moving;
}

/** One that has given up serves its last good set if it is in the pool: it counts as failed, not as in motion. */
export function isInMotion(group: Group, { id, member, lost }: Server): boolean {
  if (member === null || lost !== null || isLeaving(member)) return false;
  if (member.cordon?.until === 'rolled') return true;
  if (isKeptOut(member)) return false;
  if (member.failing?.final === true) return false;
  const isBehind = member.failing !== null || member.covers < directivePosition(group, member);
  return isBehind && (isInPool(member) || isTold(group, id));
}

function isTold(group: Group, id: ServerId): boolean {
  for (const { moved } of group.rolloutById.values()) if (moved.has(id)) return true;
  return false;
}

/** Nothing to protect: nobody served the project before, or nobody takes traffic at all. */
export function protectsNothing(
  state: FleetState,
  group: Group,
  { rollout, target }: { readonly rollout: Rollout; readonly target: number },
): boolean {
  if (rollout.targets[target]?.from === null) return true;
  if (target === rollout.target && rollout.moved.size > 0) return false;
  for (const id of group.servers) if (isInPool(state.serverById.get(id)?.member ?? null)) return false;
  return true;
}

/**
 * As many of `candidates`, in their order, as may be told without the group having more than `limit` in motion. One
 * that is in motion already takes no further room.
 */
export function withinLimit(
  candidates: readonly ServerId[],
  { moving, limit, size }: { readonly moving: ReadonlySet<ServerId>; readonly limit: number; readonly size: number },
): ServerId[] {
  const taken: ServerId[] = [];
  let count = moving.size;
  if (count > limit) return taken;
  for (const id of candidates) {
    if (taken.length >= size) break;
    const more = moving.has(id) ? 0 : 1;
    if (count + more > limit) continue;
    count += more;
    taken.push(id);
  }
  return taken;
}
