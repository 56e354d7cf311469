/** Finding a server as a member of a group that it is to stay in, or the refusal that says where it is instead. */
import type { LeavesTo } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import { assert, never } from '../std/failure.ts';
import { findServer } from './find.ts';
import { isLeaving } from './membership.ts';
import { type Found, type Refused, found, refuse } from './ruling.ts';
import type { FleetState, Group, Member, Server } from './state.ts';

export interface Membership {
  readonly server: Server;
  readonly member: Member;
  readonly group: Group;
}

/** The server as a member. In no group: refused so. On its way out of one: left to finish that first. */
export function findMember(state: FleetState, id: ServerId): Found<Membership> {
  const server = findServer(state, id);
  if (server.status === 'refused') return server;
  const { member } = server.value;
  if (member === null) return refuse({ code: 'server-not-in-group', message: `server "${id}" is in no group` });
  return findStaying(state, { server: server.value, member });
}

export function findStaying(
  state: FleetState,
  { server, member }: { readonly server: Server; readonly member: Member },
): Found<Membership> {
  if (isLeaving(member)) return refuseLeaving(state, { id: server.id, group: member.group, next: member.drain.next });
  const group = state.groupById.get(member.group);
  assert(group !== undefined, 'a member is in a group that is there');
  return found({ server, member, group });
}

interface Leaving {
  readonly id: ServerId;
  readonly group: GroupId;
  readonly next: LeavesTo;
}

export function refuseLeaving(state: FleetState, { id, group, next }: Leaving): Refused {
  return refuse({
    code: 'server-leaving',
    message: `server "${id}" is on its way out of group "${nameOf(state, group)}"${towards(state, next)}`,
    next: `muster server get ${id}`,
  });
}

/** The group as people write it. */
export function nameOf(state: FleetState, group: GroupId): string {
  return state.groupById.get(group)?.name ?? group;
}

function towards(state: FleetState, next: LeavesTo): string {
  switch (next.to) {
    case 'available':
      return '; ask again once it has left';
    case 'retired':
      return ' and then retired';
    case 'group':
      return ` and into group "${nameOf(state, next.group)}"; ask again once it is there`;
    default:
      return never(next);
  }
}
