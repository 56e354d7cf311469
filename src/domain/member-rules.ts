/** A server in and out of groups, one at a time: in no group or in exactly one, and out only through a drain. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { Found, Refused, Ruling } from './ruling.ts';
import { accept, found, refuse, unchanged } from './ruling.ts';
import { findGroup, findServer } from './find.ts';
import type { FleetState, Group, Membership, Server } from './state.ts';

type Staying = Extract<Membership, { status: 'syncing' | 'failed' | 'ready' }>;

export function joinGroup(state: FleetState, payload: CommandPayload<'server.join'>): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const { id, membership } = server.value;
  const { name, id: groupId } = group.value;
  if (membership.status === 'available') {
    return accept({ type: 'server.joined', data: { server: id, group: groupId } });
  }
  if (membership.status === 'draining') return refuseLeaving(state, { server: server.value, membership });
  if (membership.group === groupId) return unchanged(`server "${id}" is in group "${name}" already`);
  return refuse({
    code: 'server-elsewhere',
    message: `server "${id}" is in group "${nameOf(state, membership)}"`,
    next: `muster server move ${id} ${name}`,
  });
}

export function leaveGroup(state: FleetState, payload: CommandPayload<'server.leave'>): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const { id, membership } = server.value;
  if (membership.status === 'available') {
    return refuse({ code: 'server-not-in-group', message: `server "${id}" is in no group` });
  }
  const group = stayingIn(state, server.value);
  if (group.status === 'refused') return group;
  return accept({ type: 'server.leaving', data: { server: id, ...outOf(group.value) } });
}

export function moveServer(state: FleetState, payload: CommandPayload<'server.move'>): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const target = findGroup(state, payload.group);
  if (target.status === 'refused') return target;
  const { id, membership } = server.value;
  if (membership.status === 'available') {
    return refuse({
      code: 'invalid',
      message: `server "${id}" is in no group to move out of: let it join`,
      next: `muster server join ${id} ${target.value.name}`,
    });
  }
  const from = stayingIn(state, server.value);
  if (from.status === 'refused') return from;
  if (from.value.id === target.value.id) return unchanged(`server "${id}" is in group "${from.value.name}" already`);
  const { drainTimeoutMs } = from.value.policy;
  return accept({
    type: 'server.moving',
    data: { server: id, from: from.value.id, group: target.value.id, drainTimeoutMs },
  });
}

export function retireServer(state: FleetState, payload: CommandPayload<'server.retire'>): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const { id, membership } = server.value;
  if (membership.status === 'available') return accept({ type: 'server.retired', data: { server: id } });
  const group = stayingIn(state, server.value);
  if (group.status === 'refused') return group;
  return accept({ type: 'server.retiring', data: { server: id, ...outOf(group.value) } });
}

/** The group a server is in to stay; one on its way out is left to finish that first. */
function stayingIn(state: FleetState, server: Server): Found<Group> {
  const { membership } = server;
  if (membership.status === 'draining') return refuseLeaving(state, { server, membership });
  const group = membership.status === 'available' ? undefined : state.groupById.get(membership.group);
  if (group === undefined) throw new Error(`invariant broken: server ${server.id} is in a group that is there`);
  return found(group);
}

function outOf({ id, policy }: Group) {
  return { group: id, drainTimeoutMs: policy.drainTimeoutMs };
}

type Draining = Extract<Membership, { status: 'draining' }>;
function refuseLeaving(state: FleetState, { server, membership }: { server: Server; membership: Draining }): Refused {
  return refuse({
    code: 'server-leaving',
    message: `server "${server.id}" is on its way out of group "${nameOf(state, membership)}"${towards(state, membership)}`,
    next: `muster server get ${server.id}`,
  });
}

function towards(state: FleetState, { next }: Draining): string {
  if (next.to === 'available') return '; ask again once it has left';
  if (next.to === 'retired') return ' and then retired';
  return ` and into group "${state.groupById.get(next.group)?.name ?? next.group}"; ask again once it is there`;
}

function nameOf(state: FleetState, { group }: Staying | Draining): string {
  return state.groupById.get(group)?.name ?? group;
}
