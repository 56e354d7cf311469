/** The fold of a server's way in and out of groups. Members are replaced, never written into. */
import type { Event, EventHead, LeavesTo } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import { isInPool } from './membership.ts';
import { changeMember, changeServer, removeServer } from './settle.ts';
import type { FleetState, Member, Server } from './state.ts';

interface Joining {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly group: GroupId;
}

/** A server that was in no group begins to sync, because an operator said so. */
export function join(state: FleetState, { event, server: id, group: groupId }: Joining): void {
  const group = state.groupById.get(groupId);
  if (group === undefined || state.serverById.get(id)?.member !== null) return;
  group.changedAt = event.position;
  changeServer(state, { event, server: id }, (server) => {
    server.changedAt = event.position;
    enter(server, { group: groupId, position: event.position, askedAt: event.position });
  });
}

interface Leaving {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly group: GroupId;
  readonly drainTimeoutMs: number;
  readonly next: LeavesTo;
}

/**
 * A member begins to leave. It stays a member until `server.left`. A drain already under way keeps its deadline; it
 * counts from here, since it is now another one: balancers confirm it anew.
 */
export function beginLeaving(state: FleetState, { event, server: id, group, drainTimeoutMs, next }: Leaving): void {
  const { position, at } = event;
  unlink(state, id);
  const left = state.groupById.get(group);
  if (left?.servers.has(id) === true) left.changedAt = position;
  changeMember(state, { event, server: id, group }, (member, server) => {
    server.changedAt = position;
    const deadlineAt = member.drain?.deadlineAt ?? at + drainTimeoutMs;
    return {
      drain: { at: position, deadlineAt, wasInPool: isInPool(member), next },
      directiveAt: position,
      held: false,
    };
  });
}

export function serverJoined(state: FleetState, event: Event<'server.joined'>): void {
  join(state, { event, server: event.data.server, group: event.data.group });
}

export function serverLeaving(state: FleetState, event: Event<'server.leaving'>): void {
  beginLeaving(state, { event, ...event.data, next: { to: 'available' } });
}

/** What the target shall hold changes now; that the server arrives there later is progress. */
export function serverMoving(state: FleetState, event: Event<'server.moving'>): void {
  const { server, from, group, drainTimeoutMs } = event.data;
  beginLeaving(state, { event, server, group: from, drainTimeoutMs, next: { to: 'group', group } });
  const target = state.groupById.get(group);
  if (target?.inbound.has(server) === true) target.changedAt = event.position;
}

export function serverRetiring(state: FleetState, event: Event<'server.retiring'>): void {
  beginLeaving(state, { event, ...event.data, next: { to: 'retired' } });
}

export function serverReplacing(state: FleetState, event: Event<'server.replacing'>): void {
  const { server: old, by, group } = event.data;
  join(state, { event, server: by, group });
  if (state.serverById.get(by)?.member?.group !== group || state.serverById.get(old)?.member?.group !== group) return;
  changeMember(state, { event, server: by, group }, () => ({ replaces: old }));
  changeMember(state, { event, server: old, group }, (_, server) => {
    server.changedAt = event.position;
    return { replacedBy: by };
  });
}

export function serverReplaced(state: FleetState, event: Event<'server.replaced'>): void {
  beginLeaving(state, { event, ...event.data, next: { to: 'available' } });
}

export function serverLeft(state: FleetState, event: Event<'server.left'>): void {
  const { server: id, next, group } = event.data;
  const member = state.serverById.get(id)?.member ?? null;
  if (member === null || member.group !== group) return;
  unlink(state, id);
  if (next.to === 'retired') {
    removeServer(state, { event, server: id });
    return;
  }
  const target = next.to === 'group' ? state.groupById.get(next.group) : undefined;
  const askedAt = member.drain?.at ?? event.position;
  changeServer(state, { event, server: id }, (server) => {
    server.assignedAt = event.position;
    if (target === undefined) server.member = null;
    else enter(server, { group: target.id, position: event.position, askedAt });
  });
}

interface Entering {
  readonly group: GroupId;
  readonly position: Position;
  readonly askedAt: Position;
}

function enter(server: Server, { group, position, askedAt }: Entering): void {
  server.assignedAt = position;
  server.member = {
    group,
    joinedAt: position,
    askedAt,
    directiveAt: position,
    covers: 0,
    coversAt: 0,
    failing: null,
    admittedAt: null,
    entryAt: position,
    held: false,
    cordon: null,
    drain: null,
    replaces: null,
    replacedBy: null,
  };
}

/** Whoever goes neither replaces nor is replaced any more. Nothing else of the other one hangs on that. */
function unlink(state: FleetState, id: ServerId): void {
  const server = state.serverById.get(id);
  const member = server?.member ?? null;
  if (server === undefined || member === null) return;
  patch(state, member.replaces, { replacedBy: null });
  patch(state, member.replacedBy, { replaces: null });
  if (member.replaces !== null || member.replacedBy !== null) {
    server.member = { ...member, replaces: null, replacedBy: null };
  }
}

function patch(state: FleetState, id: ServerId | null, link: Partial<Pick<Member, 'replaces' | 'replacedBy'>>): void {
  const server = id === null ? undefined : state.serverById.get(id);
  if (server === undefined || server.member === null) return;
  server.member = { ...server.member, ...link };
}
