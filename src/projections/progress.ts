/**
 * How far one member of a group has come from desired to done: the position up to which every change is done there,
 * and in a few words what it waits for. `GroupStatus` is made of these, and so is what people read of one server.
 */
import { directivePosition } from '../domain/membership.ts';
import type { FleetState, Group, Membership, Server } from '../domain/state.ts';
import { never } from '../std/failure.ts';
import type { LeavesTo, ProjectFailure } from '../../schemas/events.ts';
import type { Position, ServerId } from '../../schemas/ids.ts';
import type { Receipt } from '../../schemas/receipt.ts';
import { unconfirmedBalancers } from './balancers.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';

export type Member = Exclude<Membership, { status: 'available' }>;

/** Projects or balancers named one by one in a sentence; the rest is counted, so that a reason stays a line. */
const namedMax = 3;

/** The position up to which every change is done on this member; null when nothing is outstanding. */
export function doneUpTo(group: Group, member: Member): Position | null {
  switch (member.status) {
    case 'syncing':
    case 'failed':
      return member.joinedAt - 1;
    case 'ready':
      if (member.failures.length > 0) return member.covers;
      return member.covers < directivePosition(group, member) ? member.covers : null;
    case 'draining':
      return member.leavingAt - 1;
    default:
      return never(member);
  }
}

export interface WaitsFor {
  readonly state: FleetState;
  readonly observed: Observed;
  readonly group: Group;
  readonly server: Server;
  readonly member: Member;
}

/** What the member waits for, for people; empty when nothing is outstanding. */
export function waitsFor({ state, observed, group, server, member }: WaitsFor): string {
  switch (member.status) {
    case 'failed':
      return `could not apply ${failuresText(member.failures)}`;
    case 'syncing':
      return missingText({ state, observed, group, server: server.id, joinedAt: member.joinedAt });
    case 'ready':
      if (member.failures.length > 0)
        return `serves its last good set, could not apply ${failuresText(member.failures)}`;
      if (doneUpTo(group, member) === null) return '';
      return missingText({ state, observed, group, server: server.id, joinedAt: member.joinedAt });
    case 'draining':
      return `${drainText({ state, observed, server: server.id, member })}, then ${leavesText(member.next)}`;
    default:
      return never(member);
  }
}

/** The server's newest receipt since it joined: an older one proves another group's set, or another log's. */
export function receiptSince(
  state: FleetState,
  observed: Observed,
  { server, joinedAt }: { readonly server: ServerId; readonly joinedAt: Position },
): Receipt | null {
  const receipt = observed.serverById.get(server)?.receipt ?? null;
  return receipt !== null && receipt.log === state.log && receipt.position >= joinedAt ? receipt : null;
}

export function leavesText(next: LeavesTo): string {
  switch (next.to) {
    case 'available':
      return 'is available';
    case 'group':
      return `joins ${next.group}`;
    case 'retired':
      return 'is retired';
    default:
      return never(next);
  }
}

function missingText(asked: {
  state: FleetState;
  observed: Observed;
  group: Group;
  server: ServerId;
  joinedAt: Position;
}): string {
  const { state, observed, group, server, joinedAt } = asked;
  const wanted = directivePosition(group, { joinedAt });
  const receipt = receiptSince(state, observed, { server, joinedAt });
  if (receipt === null) return `no receipt yet, directive ${wanted} is unconfirmed`;
  if (receipt.position >= wanted && receipt.failures.length > 0) {
    return `could not apply ${failuresText(receipt.failures)}`;
  }
  const held = new Map(receipt.projects.map(({ project, version }) => [project, version]));
  const missing = [...group.deploymentByProject.values()]
    .filter(({ project, version }) => held.get(project) !== version)
    .map(({ project, version }) => `${project}@${version}`)
    .sort(byText);
  if (missing.length > 0) return `has yet to apply ${listText(missing)}`;
  return receipt.position < wanted
    ? `directive ${wanted} is unconfirmed`
    : 'holds everything, the log has yet to say so';
}

function drainText({
  state,
  observed,
  server,
  member,
}: {
  state: FleetState;
  observed: Observed;
  server: ServerId;
  member: Extract<Member, { status: 'draining' }>;
}): string {
  if (!member.wasReady) return 'leaves at once';
  const unconfirmed = unconfirmedBalancers(state, observed, member.group, member.leavingAt);
  if (unconfirmed.length > 0) return `waits for ${listText(unconfirmed)} to stop sending`;
  const inFlight = observed.serverById.get(server)?.beat?.inFlight;
  if (inFlight === undefined) return 'waits for its heartbeat';
  return inFlight > 0 ? `finishes ${inFlight} in flight` : 'confirms that nothing is in flight';
}

function failuresText(failures: readonly ProjectFailure[]): string {
  return listText(failures.map(({ project, version, text }) => `${project}@${version} (${text})`));
}

function listText(items: readonly string[]): string {
  const named = items.slice(0, namedMax).join(', ');
  return items.length > namedMax ? `${named} and ${items.length - namedMax} more` : named;
}
