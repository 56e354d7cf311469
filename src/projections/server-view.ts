/** One server as people read it: where it stands, what it should hold, and what happens next. */
import type { FleetState, Group, Server } from '../domain/state.ts';
import { assert, never } from '../std/failure.ts';
import type { ProjectFailure } from '../../schemas/events.ts';
import type { ServerStatus } from '../../schemas/group-status.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { ServerView } from '../../schemas/views.ts';
import { desiredFor } from './desired.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { receiptSince, waitsFor } from './progress.ts';
import type { Member } from './progress.ts';

export function serverView(state: FleetState, observed: Observed, server: Server): ServerView {
  const { id, membership } = server;
  const seen = observed.serverById.get(id);
  const receipt = seen?.receipt ?? null;
  return {
    server: id,
    status: membership.status,
    sinceAt: server.sinceAt,
    since: server.since,
    group: membership.status === 'available' ? null : membership.group,
    address: server.address,
    weight: server.weight,
    labels: server.labels,
    agent: server.agent,
    changedAt: server.changedAt,
    desired: desiredFor(state, id)?.projects ?? [],
    // A receipt under another log numbers other events.
    receipt: receipt !== null && receipt.log === state.log ? receipt.position : null,
    inFlight: seen?.beat?.inFlight ?? null,
    seenAt: seen === undefined || seen.beat === null ? null : seen.seenAt,
    failures: failuresOf(state, observed, server),
    next: nextOf(state, observed, server),
  };
}

export interface ServerFilter {
  readonly group?: GroupId | undefined;
  readonly status?: ServerStatus | undefined;
}

/** Sorted by server. With a group the cost is the group's, else the fleet's. */
export function serverViews(state: FleetState, observed: Observed, { group, status }: ServerFilter): ServerView[] {
  const candidates = group === undefined ? state.serverById.values() : membersOf(state, group);
  return [...candidates]
    .filter((server) => status === undefined || server.membership.status === status)
    .sort((a, b) => byText(a.id, b.id))
    .map((server) => serverView(state, observed, server));
}

/** The group's members, those draining out of it included. */
export function membersOf(state: FleetState, groupId: GroupId): Server[] {
  return [...(state.groupById.get(groupId)?.servers ?? [])].map((id) => memberOf(state, id));
}

function memberOf(state: FleetState, id: ServerId): Server {
  const server = state.serverById.get(id);
  assert(server !== undefined, `a group's members are in the fleet: ${id}`);
  return server;
}

/** By the newest receipt since it joined, which is a proposal ahead of the log; by the log where none came. */
function failuresOf(state: FleetState, observed: Observed, { id, membership }: Server): ProjectFailure[] {
  if (membership.status === 'available' || membership.status === 'draining') return [];
  const receipt = receiptSince(state, observed, { server: id, joinedAt: membership.joinedAt });
  if (receipt !== null) return receipt.failures;
  return membership.status === 'syncing' ? [] : membership.failures;
}

function nextOf(state: FleetState, observed: Observed, server: Server): string {
  if (server.membership.status === 'available') return 'waits to be joined to a group';
  const member: Member = server.membership;
  const group: Group | undefined = state.groupById.get(member.group);
  assert(group !== undefined, `a member's group is in the fleet: ${member.group}`);
  const waits = waitsFor({ state, observed, group, server, member });
  switch (member.status) {
    case 'syncing':
      return `${waits}; then it takes traffic`;
    case 'failed':
      return `${waits}; it takes traffic once a receipt holds everything`;
    case 'ready':
      return waits === '' ? 'takes traffic' : `takes traffic; ${waits}`;
    case 'draining':
      return waits;
    default:
      return never(member);
  }
}
