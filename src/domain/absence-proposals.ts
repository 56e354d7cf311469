/** What the leader proposes on heartbeats: a server is lost or back, and a pool is held for that or no longer. */
import type { EventData } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { allowsLettingGo, allowsRemoval, floorAt } from './floor.ts';
import { groupOf, isServing } from './membership.ts';
import { type Fact, overtaken } from './ruling.ts';
import type { FleetState, Group, Server } from './state.ts';

/** Servers an event names at most, as its schema says; `size` and `floor` tell the rest. */
const heldNamedMax = 20;

/** Only a server that takes requests can be held. One that is held may be proposed again, and goes when others do. */
export function lostFact(
  state: FleetState,
  data: Omit<EventData<'server.lost'>, 'held'>,
  at: number,
): Fact | Rejection {
  const { server: id, group: groupId, cause, evidence } = data;
  const server = state.serverById.get(id);
  if (server === undefined) return overtaken(`server "${id}" is gone`);
  if (groupOf(server) !== groupId) return overtaken(`server "${id}" is not in that group any more`);
  const group = groupId === null ? undefined : state.groupById.get(groupId);
  const held = isHeld(server, group, at);
  if (server.lost !== null && (held || server.member?.held !== true)) {
    return overtaken(`server "${id}" is known to be lost already`);
  }
  return { type: 'server.lost', data: { server: id, group: groupId, cause, held, evidence } };
}

export function refuseReturned(
  state: FleetState,
  { server: id, group }: EventData<'server.returned'>,
): Rejection | undefined {
  const server = state.serverById.get(id);
  if (server === undefined) return overtaken(`server "${id}" is gone`);
  if (server.lost === null) return overtaken(`server "${id}" is not lost`);
  return groupOf(server) === group ? undefined : overtaken(`server "${id}" is not in that group any more`);
}

export function heldFact(state: FleetState, { group: id }: { readonly group: GroupId }, at: number): Fact | Rejection {
  const group = state.groupById.get(id);
  if (group === undefined) return overtaken(`group "${id}" is gone`);
  if (group.heldCount === 0) return overtaken(`no lost server is held in the pool of group "${id}"`);
  if (group.heldAt !== null) return overtaken(`the pool of group "${id}" is known to be held already`);
  return { type: 'pool.held', data: { group: id, servers: heldServers(state, group), ...floorAt(group, at) } };
}

export function refuseReleased(state: FleetState, { group: id }: EventData<'pool.released'>): Rejection | undefined {
  const group = state.groupById.get(id);
  if (group === undefined) return overtaken(`group "${id}" is gone`);
  if (group.heldAt === null) return overtaken(`the pool of group "${id}" is not held`);
  return group.heldCount === 0 ? undefined : overtaken(`lost servers are held in the pool of group "${id}" still`);
}

function isHeld(server: Server, group: Group | undefined, at: number): boolean {
  if (group === undefined) return false;
  if (server.member?.held === true) return !allowsLettingGo(group, at);
  return isServing(server) && !allowsRemoval(group, at);
}

/** In the order of their names, so that equal pools give equal events. */
function heldServers(state: FleetState, group: Group): ServerId[] {
  const held = [...group.servers].filter((id) => state.serverById.get(id)?.member?.held === true);
  return held.sort().slice(0, heldNamedMax);
}
