/** The fold of servers lost and returned, and of pools held for that. */
import type { Event } from '../../schemas/events.ts';
import { absencesAt } from './floor.ts';
import { isInPool, isServing } from './membership.ts';
import { changeServer } from './settle.ts';
import type { FleetState, Server } from './state.ts';

export function serverLost(state: FleetState, event: Event<'server.lost'>): void {
  const { server: id, cause, held } = event.data;
  const server = state.serverById.get(id);
  if (server === undefined) return;
  if (isServing(server)) countAbsence(state, { server, event });
  changeServer(state, { event, server: id }, (lost) => {
    lost.lost ??= { at: event.position, cause };
    const { member } = lost;
    if (member === null) return;
    if (isInPool(member) && member.drain !== null) return;
    if (held && isInPool(member)) lost.member = { ...member, held: true };
    else lost.member = { ...member, held: false, admittedAt: null, covers: 0 };
  });
}

/** One the floor held simply stays where it is; any other proves everything anew, as if it had just joined. */
export function serverReturned(state: FleetState, event: Event<'server.returned'>): void {
  changeServer(state, { event, server: event.data.server }, (server) => {
    server.lost = null;
    const { member } = server;
    if (member === null) return;
    if (isInPool(member)) server.member = { ...member, held: false };
    else if (member.drain === null) {
      server.member = { ...member, covers: 0, failing: null, directiveAt: event.position };
    }
  });
}

export function poolHeld(state: FleetState, { data, position }: Event<'pool.held'>): void {
  const group = state.groupById.get(data.group);
  if (group !== undefined) group.heldAt = position;
}

export function poolReleased(state: FleetState, { data }: Event<'pool.released'>): void {
  const group = state.groupById.get(data.group);
  if (group !== undefined) group.heldAt = null;
}

function countAbsence(state: FleetState, { server, event }: { server: Server; event: Event<'server.lost'> }): void {
  const group = server.member === null ? undefined : state.groupById.get(server.member.group);
  if (group === undefined) return;
  const absences = absencesAt(group, event.at);
  group.absences = event.data.held ? absences : { ...absences, removed: absences.removed + 1 };
}
