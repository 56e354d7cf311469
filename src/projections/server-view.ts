/** One server as people read it: where it stands and why, what it should hold, and what happens next. */
import { directivePosition, isInPool, statusOf } from '../domain/membership.ts';
import type { FleetState, Member, Server } from '../domain/state.ts';
import { assert } from '../std/failure.ts';
import type { ProjectFailure } from '../../schemas/events.ts';
import type { ServerStatus } from '../../schemas/group-status.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { ServerView } from '../../schemas/views.ts';
import { desiredFor } from './desired.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { receiptSince } from './progress.ts';
import { trafficRate } from './traffic-rate.ts';
import { serverWords } from './server-words.ts';

export function serverView(state: FleetState, observed: Observed, server: Server): ServerView {
  const { id, member } = server;
  const seen = observed.serverById.get(id);
  const receipt = seen?.receipt ?? null;
  return {
    server: id,
    status: statusOf(server),
    sinceAt: server.sinceAt,
    since: server.since,
    group: member?.group ?? null,
    address: server.address,
    weight: server.weight,
    labels: server.labels,
    agent: server.agent,
    changedAt: server.changedAt,
    desired: desiredFor(state, id)?.projects ?? [],
    // A receipt under another log numbers other events.
    receipt: receipt !== null && receipt.log === state.log ? receipt.position : null,
    inFlight: seen?.beat?.inFlight ?? null,
    traffic: trafficRate(server, seen),
    seenAt: seen === undefined || seen.beat === null ? null : seen.seenAt,
    held: heldBy(state, observed, server),
    sync: syncOf(state, observed, server),
    failures: failuresOf(state, observed, server),
    cordoned: member !== null && member.cordon !== null,
    inPool: member !== null && isInPool(member),
    admittedAt: member?.admittedAt ?? null,
    ...serverWords(state, observed, server),
  };
}

export interface ServerFilter {
  readonly group?: GroupId | undefined;
  readonly status?: ServerStatus | undefined;
}

/** Sorted by server. With a group the cost is the group's, else the fleet's. */
export function serverViews(state: FleetState, observed: Observed, { group, status }: ServerFilter): ServerView[] {
  const candidates =
    group === undefined ? state.serverById.values() : membersOf(state, group).map(({ server }) => server);
  return [...candidates]
    .filter((server) => status === undefined || statusOf(server) === status)
    .sort((a, b) => byText(a.id, b.id))
    .map((server) => serverView(state, observed, server));
}

/** The group's members, those draining out of it included. */
export function membersOf(state: FleetState, groupId: GroupId): { server: Server; member: Member }[] {
  return [...(state.groupById.get(groupId)?.servers ?? [])].map((id) => memberOf(state, id));
}

function memberOf(state: FleetState, id: ServerId): { server: Server; member: Member } {
  const server = state.serverById.get(id);
  assert(server !== undefined && server.member !== null, `a group's members are in the fleet: ${id}`);
  return { server, member: server.member };
}

function heldBy(state: FleetState, observed: Observed, { id, member }: Server): ServerView['held'] {
  if (member === null) return null;
  return receiptSince(state, observed, { server: id, joinedAt: member.joinedAt })?.projects ?? null;
}

/** Of the directive it should follow now: an older one is of no interest any more, nor is one that a receipt proves. */
function syncOf(state: FleetState, observed: Observed, { id, member }: Server): ServerView['sync'] {
  const group = member === null ? undefined : state.groupById.get(member.group);
  const { beat, receipt } = observed.serverById.get(id) ?? {};
  if (member === null || group === undefined || beat?.sync === undefined || beat.log !== state.log) return null;
  const { position, bundles, of } = beat.sync;
  if (position !== directivePosition(group, member)) return null;
  const isProved = receipt?.log === state.log && receipt.position >= position && receipt.failures.length === 0;
  return isProved ? null : { bundles, of };
}

/** By the newest receipt since it joined, which is a proposal ahead of the log; by the log where none came. */
function failuresOf(state: FleetState, observed: Observed, { id, member }: Server): ProjectFailure[] {
  if (member === null || member.drain !== null) return [];
  const receipt = receiptSince(state, observed, { server: id, joinedAt: member.joinedAt });
  if (receipt !== null) return receipt.failures;
  return member.failing?.failures ?? [];
}
