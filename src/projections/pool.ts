/** One group's pool, by the log: who takes traffic, with what weight, and who takes no new requests any more. */
import { adminOf, isInPool } from '../domain/membership.ts';
import type { FleetState, Group, Server } from '../domain/state.ts';
import type { Address, GroupId, Position, ServerId } from '../../schemas/ids.ts';
import { byText } from './order.ts';

export interface Pool {
  readonly group: GroupId;
  /** The last event that changed this pool: what its revision is stamped with. */
  readonly position: Position;
  /** Sorted by server. */
  readonly entries: PoolMember[];
}

export interface PoolMember {
  readonly server: ServerId;
  readonly address: Address;
  readonly weight: number;
  readonly admin: 'ready' | 'drain';
  /** The last event that changed this entry. */
  readonly position: Position;
}

/** The pool of the group; null for an unknown group. */
export function poolOf(state: FleetState, groupId: GroupId): Pool | null {
  const group = state.groupById.get(groupId);
  if (group === undefined) return null;
  const { entries } = poolSince(state, { group, position: 0 });
  entries.sort((a, b) => byText(a.server, b.server));
  return { group: groupId, position: group.poolChangedAt, entries };
}

export interface PoolSince {
  /** How many entries the pool has now. */
  readonly size: number;
  /** Those of them that came or changed after the position, in no order. */
  readonly entries: PoolMember[];
}

/** What a pool is now, beside what it was at a position. A glance at each member, and work for those that changed. */
export function poolSince(
  state: FleetState,
  { group, position }: { readonly group: Group; readonly position: Position },
): PoolSince {
  const entries: PoolMember[] = [];
  let size = 0;
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    const member = server?.member ?? null;
    if (server === undefined || member === null || !isInPool(member)) continue;
    size += 1;
    const entry = member.entryAt > position ? poolMemberOf(server) : null;
    if (entry !== null) entries.push(entry);
  }
  return { size, entries };
}

/**
 * The server's place in its group's pool; null when it has none: in no group, not yet in, or out again. One that is
 * lost stands there only while the floor keeps it.
 */
export function poolMemberOf({ id: server, address, weight, member }: Server): PoolMember | null {
  if (member === null || !isInPool(member)) return null;
  return { server, address, weight, admin: adminOf(member), position: member.entryAt };
}
