/**
 * What follows from a change of one server, in one place, so that no path of the fold can forget it: its group's lists
 * and counts, the positions of its pool entry and pool, the index of addresses, and since when it has its status.
 * Duty of the caller: values inside a server are replaced, never written into, or before and after look the same.
 */
import type { EventHead } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import { addressKey, sameAddress } from './address.ts';
import { isInPool, isServing, isSyncing, statusOf, targetOf } from './membership.ts';
import { forgetServer } from './rolled-cordons.ts';
import type { FleetState, Group, Member, Server } from './state.ts';

interface OfServer {
  readonly event: EventHead;
  readonly server: ServerId;
}

/** Changes a server in place; one the fleet does not know is passed over. */
export function changeServer(
  state: FleetState,
  { event, server: id }: OfServer,
  change: (server: Server) => void,
): void {
  const server = state.serverById.get(id);
  if (server === undefined) return;
  const before = standingOf(server);
  change(server);
  settle(state, { event, before, after: server });
}

interface OfMember extends OfServer {
  readonly group: GroupId;
}

/** Lays what `change` returns over the member; one that is not in this group is passed over. */
export function changeMember(
  state: FleetState,
  { event, server: id, group }: OfMember,
  change: (member: Member, server: Server) => Partial<Member>,
): void {
  const server = state.serverById.get(id);
  if (server === undefined || server.member === null || server.member.group !== group) return;
  const before = standingOf(server);
  server.member = { ...server.member, ...change(server.member, server) };
  settle(state, { event, before, after: server });
}

export function addServer(state: FleetState, event: EventHead, server: Server): void {
  state.serverById.set(server.id, server);
  settle(state, { event, before: null, after: server });
}

export function removeServer(state: FleetState, { event, server: id }: OfServer): void {
  const server = state.serverById.get(id);
  if (server === undefined) return;
  state.serverById.delete(id);
  settle(state, { event, before: server, after: null });
}

/** What anything beside the server follows from. */
type Standing = Pick<Server, 'id' | 'address' | 'weight' | 'member' | 'lost'>;

/** No more than is compared: most events change one server, and copying all of it shows in how fast a log is folded. */
function standingOf({ id, address, weight, member, lost }: Server): Standing {
  return { id, address, weight, member, lost };
}

interface Changed {
  readonly event: EventHead;
  readonly before: Standing | null;
  readonly after: Server | null;
}

function settle(state: FleetState, changed: Changed): void {
  const { event, before, after } = changed;
  settleAddress(state, changed);
  if (isMember(before) || isMember(after)) settleGroups(state, changed);
  if (before === null || after === null || statusOf(before) === statusOf(after)) return;
  after.since = event.position;
  after.sinceAt = event.at;
}

function isMember(server: Standing | null): boolean {
  return server !== null && server.member !== null;
}

function settleGroups(state: FleetState, changed: Changed): void {
  const { before, after } = changed;
  settleEntry(state, changed);
  const left = before === null ? undefined : groupIn(state, before);
  const joined = after === null ? undefined : groupIn(state, after);
  if (before !== null && left !== undefined) count(left, { server: before, by: -1 });
  if (after !== null && joined !== undefined) count(joined, { server: after, by: 1 });
  settleLists(state, { left, joined, before, after });
}

function settleAddress(state: FleetState, { before, after }: Changed): void {
  if (before !== null && after !== null && sameAddress(before.address, after.address)) return;
  if (before !== null) {
    const key = addressKey(before.address);
    if (state.serverByAddress.get(key) === before.id) state.serverByAddress.delete(key);
  }
  if (after !== null) state.serverByAddress.set(addressKey(after.address), after.id);
}

/** A pool has changed exactly when an entry of it came, went, or has another position. */
function settleEntry(state: FleetState, { event, before, after }: Changed): void {
  const wasIn = before !== null && isInPool(before.member);
  const isIn = after !== null && isInPool(after.member);
  if (!wasIn && !isIn) return;
  if (wasIn && isIn && !entryChanged(before, after)) return;
  const { position } = event;
  if (isIn && after.member !== null) after.member = { ...after.member, entryAt: position };
  for (const server of [before, after]) {
    const group = server === null || !isInPool(server.member) ? undefined : groupIn(state, server);
    if (group !== undefined) group.poolChangedAt = position;
  }
}

function entryChanged(before: Standing, after: Standing): boolean {
  const [was, is] = [before.member, after.member];
  return (
    was?.admittedAt !== is?.admittedAt ||
    was?.drain?.at !== is?.drain?.at ||
    (is?.held === true && was?.held !== true) ||
    before.weight !== after.weight ||
    !sameAddress(before.address, after.address)
  );
}

function count(group: Group, { server, by }: { server: Standing; by: 1 | -1 }): void {
  if (isServing(server)) group.servingCount += by;
  if (server.member?.held === true) group.heldCount += by;
}

interface Lists extends Omit<Changed, 'event'> {
  readonly left: Group | undefined;
  readonly joined: Group | undefined;
}

/** What stays in a list keeps its place in it: `syncing` is a queue. */
function settleLists(state: FleetState, { left, joined, before, after }: Lists): void {
  if (left !== joined) {
    if (before !== null && left !== undefined) {
      left.servers.delete(before.id);
      forgetServer(left, before.id);
    }
    if (after !== null) joined?.servers.add(after.id);
  }
  const leftSyncing = before !== null && isSyncing(before) ? left?.syncing : undefined;
  const joinedSyncing = after !== null && isSyncing(after) ? joined?.syncing : undefined;
  if (leftSyncing !== joinedSyncing) {
    if (before !== null) leftSyncing?.delete(before.id);
    if (after !== null) joinedSyncing?.add(after.id);
  }
  const [wasBound, isBound] = [before === null ? null : targetOf(before), after === null ? null : targetOf(after)];
  if (wasBound === isBound) return;
  if (before !== null && wasBound !== null) state.groupById.get(wasBound)?.inbound.delete(before.id);
  if (after !== null && isBound !== null) state.groupById.get(isBound)?.inbound.add(after.id);
}

function groupIn(state: FleetState, { member }: Standing): Group | undefined {
  return member === null ? undefined : state.groupById.get(member.group);
}
