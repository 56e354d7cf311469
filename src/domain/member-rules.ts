/** A server in and out of groups, one at a time: in no group or in exactly one, and out only through a drain. */
import type { CommandPayload } from '../../schemas/commands.ts';
import { findGroup, findServer } from './find.ts';
import { type Membership, findMember, findStaying, nameOf, refuseLeaving } from './find-member.ts';
import { warnBelowFloor } from './floor-warning.ts';
import { isLeaving, isServing } from './membership.ts';
import { type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState } from './state.ts';

export function joinGroup(state: FleetState, payload: CommandPayload<'server.join'>): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const { id, member } = server.value;
  const { name, id: groupId } = group.value;
  if (member === null) return accept({ type: 'server.joined', data: { server: id, group: groupId } });
  if (isLeaving(member)) return refuseLeaving(state, { id, group: member.group, next: member.drain.next });
  if (member.group === groupId) return unchanged(`server "${id}" is in group "${name}" already`);
  return refuse({
    code: 'server-elsewhere',
    message: `server "${id}" is in group "${nameOf(state, member.group)}"`,
    next: `muster server move ${id} ${name}`,
  });
}

export function leaveGroup(state: FleetState, payload: CommandPayload<'server.leave'>, at: number): Ruling {
  const found = findMember(state, payload.server);
  if (found.status === 'refused') return found;
  return accept({ type: 'server.leaving', data: outOf(found.value) }, warningsOf(found.value, at));
}

export function moveServer(state: FleetState, payload: CommandPayload<'server.move'>, at: number): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const target = findGroup(state, payload.group);
  if (target.status === 'refused') return target;
  const { id, member } = server.value;
  if (member === null) {
    return refuse({
      code: 'invalid',
      message: `server "${id}" is in no group to move out of: let it join`,
      next: `muster server join ${id} ${target.value.name}`,
    });
  }
  const found = findStaying(state, { server: server.value, member });
  if (found.status === 'refused') return found;
  const { group: from } = found.value;
  if (from.id === target.value.id) return unchanged(`server "${id}" is in group "${from.name}" already`);
  const { drainTimeoutMs } = from.policy;
  return accept(
    { type: 'server.moving', data: { server: id, from: from.id, group: target.value.id, drainTimeoutMs } },
    warningsOf(found.value, at),
  );
}

export function retireServer(state: FleetState, payload: CommandPayload<'server.retire'>, at: number): Ruling {
  const server = findServer(state, payload.server);
  if (server.status === 'refused') return server;
  const { id, member } = server.value;
  if (member === null) return accept({ type: 'server.retired', data: { server: id } });
  const found = findStaying(state, { server: server.value, member });
  if (found.status === 'refused') return found;
  return accept({ type: 'server.retiring', data: outOf(found.value) }, warningsOf(found.value, at));
}

/** Adds before it removes: `server` stays until `by` is in the pool. One replacement of a server at a time. */
export function replaceServer(state: FleetState, payload: CommandPayload<'server.replace'>): Ruling {
  const old = findMember(state, payload.server);
  if (old.status === 'refused') return old;
  const by = findServer(state, payload.by);
  if (by.status === 'refused') return refuse({ ...by.rejection, field: 'by' });
  const { group, member: replaced, server } = old.value;
  const { id, member, lost } = by.value;
  if (id === server.id) {
    return refuse({ code: 'invalid', message: `server "${id}" cannot replace itself`, field: 'by' });
  }
  if (replaced.replacedBy === id) return unchanged(`server "${id}" is replacing server "${server.id}" already`);
  if (member !== null) {
    const where = isLeaving(member) ? 'on its way out of' : 'in';
    return refuse({
      code: isLeaving(member) ? 'server-leaving' : 'server-elsewhere',
      message: `server "${id}" is ${where} group "${nameOf(state, member.group)}", not available`,
      field: 'by',
      next: isLeaving(member) ? `muster server get ${id}` : `muster server leave ${id}`,
    });
  }
  if (lost !== null) {
    return refuse({
      code: 'invalid',
      message: `server "${id}" is lost: it cannot take another one's place`,
      field: 'by',
      next: `muster server get ${id}`,
    });
  }
  if (replaced.replacedBy !== null) {
    return refuse({
      code: 'server-leaving',
      message: `server "${server.id}" is to leave once server "${replaced.replacedBy}" is in the pool`,
      next: `muster server get ${replaced.replacedBy}`,
    });
  }
  return accept({ type: 'server.replacing', data: { server: server.id, by: id, group: group.id } });
}

function outOf({ server, group }: Membership) {
  return { server: server.id, group: group.id, drainTimeoutMs: group.policy.drainTimeoutMs };
}

function warningsOf({ server, group }: Membership, at: number): string[] {
  return warnBelowFloor(group, { at, taken: isServing(server) ? 1 : 0 });
}
