/** The fold of a server's way through a group: in, ready, failed, out. Memberships are replaced, never written into. */
import type { Event, EventHead, LeavesTo } from '../../schemas/events.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import { isInPool } from './membership.ts';
import type { FleetState, Membership, Server } from './state.ts';

interface SyncBegun {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly group: GroupId;
}

/** A server that was in no group begins to sync, because an operator said so. */
export function beginSync(state: FleetState, { event, server: id, group: groupId }: SyncBegun): void {
  const server = state.serverById.get(id);
  const group = state.groupById.get(groupId);
  if (server === undefined || group === undefined) return;
  group.servers.add(id);
  group.changedAt = event.position;
  server.changedAt = event.position;
  setStatus(server, event, { status: 'syncing', group: groupId, joinedAt: event.position });
}

interface DrainBegun {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly drainTimeoutMs: number;
  readonly next: LeavesTo;
}

/** A member begins to leave. It stays a member until `server.left`; its pool changes only if it was in it. */
export function beginDrain(state: FleetState, { event, server: id, drainTimeoutMs, next }: DrainBegun): void {
  const server = state.serverById.get(id);
  if (server === undefined || server.membership.status === 'available') return;
  const { group: groupId, joinedAt } = server.membership;
  const wasReady = isInPool(server.membership);
  const group = state.groupById.get(groupId);
  if (group !== undefined) {
    group.changedAt = event.position;
    if (wasReady) group.poolChangedAt = event.position;
  }
  server.changedAt = event.position;
  setStatus(server, event, {
    status: 'draining',
    group: groupId,
    joinedAt,
    leavingAt: event.position,
    wasReady,
    deadlineAt: event.at + drainTimeoutMs,
    next,
  });
}

export function serverJoined(state: FleetState, event: Event<'server.joined'>): void {
  beginSync(state, { event, server: event.data.server, group: event.data.group });
}

export function serverLeaving(state: FleetState, event: Event<'server.leaving'>): void {
  const { server, drainTimeoutMs } = event.data;
  beginDrain(state, { event, server, drainTimeoutMs, next: { to: 'available' } });
}

/** What the target shall hold changes now; that the server arrives there later is progress. */
export function serverMoving(state: FleetState, event: Event<'server.moving'>): void {
  const { server, drainTimeoutMs, group } = event.data;
  beginDrain(state, { event, server, drainTimeoutMs, next: { to: 'group', group } });
  const target = state.groupById.get(group);
  if (target !== undefined) target.changedAt = event.position;
}

export function serverRetiring(state: FleetState, event: Event<'server.retiring'>): void {
  const { server, drainTimeoutMs } = event.data;
  beginDrain(state, { event, server, drainTimeoutMs, next: { to: 'retired' } });
}

export function serverReady(state: FleetState, event: Event<'server.ready'>): void {
  const { covers, group: groupId } = event.data;
  const server = state.serverById.get(event.data.server);
  const membership = server?.membership;
  if (server === undefined || membership === undefined || !isServingOrSyncing(membership, groupId)) return;
  if (membership.status === 'ready') {
    server.membership = { ...membership, covers, failures: [] };
    return;
  }
  const { joinedAt } = membership;
  setStatus(server, event, {
    status: 'ready',
    group: groupId,
    joinedAt,
    readyAt: event.position,
    covers,
    failures: [],
  });
  const group = state.groupById.get(groupId);
  if (group !== undefined) group.poolChangedAt = event.position;
}

/** A server already in the pool stays in, serving its last good set: `covers` is what it proved, not what it missed. */
export function serverSyncFailed(state: FleetState, event: Event<'server.sync-failed'>): void {
  const { covers, failures, group } = event.data;
  const server = state.serverById.get(event.data.server);
  const membership = server?.membership;
  if (server === undefined || membership === undefined || !isServingOrSyncing(membership, group)) return;
  if (membership.status === 'ready') {
    server.membership = { ...membership, failures };
    return;
  }
  const { joinedAt } = membership;
  const failed = { status: 'failed', group, joinedAt, failedAt: event.position, covers, failures } as const;
  if (membership.status === 'failed') server.membership = failed;
  else setStatus(server, event, failed);
}

export function serverLeft(state: FleetState, event: Event<'server.left'>): void {
  const { server: id, next } = event.data;
  const server = state.serverById.get(id);
  if (server === undefined || server.membership.status === 'available') return;
  leaveGroup(state, { server, position: event.position });
  const target = next.to === 'group' ? state.groupById.get(next.group) : undefined;
  if (next.to === 'retired') {
    state.serverById.delete(id);
  } else if (target === undefined) {
    setStatus(server, event, { status: 'available' });
  } else {
    target.servers.add(id);
    setStatus(server, event, { status: 'syncing', group: target.id, joinedAt: event.position });
  }
}

function leaveGroup(state: FleetState, { server, position }: { server: Server; position: Position }): void {
  const { membership, id } = server;
  const group = membership.status === 'available' ? undefined : state.groupById.get(membership.group);
  if (group === undefined) return;
  group.servers.delete(id);
  if (isInPool(membership)) group.poolChangedAt = position;
}

/** `since` and `sinceAt` tell how long a status has held: they move with the status alone. */
function setStatus(server: Server, { position, at }: EventHead, membership: Membership): void {
  server.membership = membership;
  server.since = position;
  server.sinceAt = at;
}

type Staying = Extract<Membership, { status: 'syncing' | 'failed' | 'ready' }>;
function isServingOrSyncing(membership: Membership, group: GroupId): membership is Staying {
  return membership.status !== 'available' && membership.status !== 'draining' && membership.group === group;
}
