/**
 * System events: what the leader itself says happened. A proposal was made on acknowledged events; it is checked again
 * against the head, where commands since may have overtaken it. Then it is refused, and whoever proposed looks again.
 * Nothing of a refused proposal goes into the log.
 */
import type { Event, EventData } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { assert, never } from '../std/failure.ts';
import { eventOf } from './event-of.ts';
import { directivePosition, sameNext } from './membership.ts';
import { systemPrincipal } from './permissions.ts';
import type { Fact } from './ruling.ts';
import type { FleetState, Group, Membership } from './state.ts';

export const proposalTypes = [
  'fleet.created',
  'coordinator.elected',
  'server.ready',
  'server.sync-failed',
  'server.left',
] as const;
export type ProposalType = (typeof proposalTypes)[number];
export type Proposal = { [T in ProposalType]: { readonly type: T; readonly data: EventData<T> } }[ProposalType];

export interface ProposeContext {
  /** max(the state's `at`, the leader's clock), milliseconds since the epoch. */
  readonly at: number;
  /** Of the event to be: the state's position + 1. */
  readonly position: Position;
}

/** The event, or why it no longer fits (`overtaken`; `invalid` when its own evidence speaks against it). */
export function propose(state: FleetState, proposal: Proposal, { at, position }: ProposeContext): Event | Rejection {
  assert(position === state.position + 1, 'a decision takes the position after the last one folded');
  assert(at >= state.at, '`at` never goes back');
  const refusal = refuseProposal(state, proposal, at);
  if (refusal !== undefined) return refusal;
  return eventOf({ position, at, principal: systemPrincipal }, proposal satisfies Fact);
}

/** Tells the two answers of `propose` apart. */
export function isRejection(answer: Event | Rejection): answer is Rejection {
  return 'code' in answer;
}

function refuseProposal(state: FleetState, proposal: Proposal, at: number): Rejection | undefined {
  switch (proposal.type) {
    case 'fleet.created':
      return state.fleet === null ? undefined : overtaken(`fleet "${state.fleet}" is there already`);
    case 'coordinator.elected':
      return refuseElected(state, proposal.data);
    case 'server.ready':
      return refuseReady(state, proposal.data);
    case 'server.sync-failed':
      return refuseSyncFailed(state, proposal.data);
    case 'server.left':
      return refuseLeft(state, proposal.data, at);
    default:
      return never(proposal);
  }
}

function refuseElected(state: FleetState, { term }: EventData<'coordinator.elected'>): Rejection | undefined {
  return term > state.term ? undefined : overtaken(`term ${state.term} has begun already`);
}

type Staying = Extract<Membership, { status: 'syncing' | 'failed' | 'ready' }>;

function refuseReady(state: FleetState, data: EventData<'server.ready'>): Rejection | undefined {
  const membership = memberStaying(state, data);
  if ('code' in membership) return membership;
  if (membership.status !== 'ready' || membership.covers !== data.covers) return undefined;
  return membership.failures.length > 0
    ? undefined
    : overtaken(`server "${data.server}" is ready at ${data.covers} already`);
}

function refuseSyncFailed(state: FleetState, data: EventData<'server.sync-failed'>): Rejection | undefined {
  const membership = memberStaying(state, data);
  if ('code' in membership || membership.status === 'syncing') return 'code' in membership ? membership : undefined;
  if (membership.status === 'failed' && membership.covers !== data.covers) return undefined;
  return sameFailures(membership.failures, data.failures)
    ? overtaken(`server "${data.server}" is known to fail so already`)
    : undefined;
}

interface Synced {
  readonly server: EventData<'server.ready'>['server'];
  readonly group: EventData<'server.ready'>['group'];
  readonly covers: Position;
}

/** A receipt counts for the newest directive only: whoever is to enter must hold what the group carries now. */
function memberStaying(state: FleetState, { server, group: groupId, covers }: Synced): Staying | Rejection {
  const membership = state.serverById.get(server)?.membership;
  const group: Group | undefined = state.groupById.get(groupId);
  if (membership === undefined || group === undefined) return overtaken(`server "${server}" or its group is gone`);
  if (membership.status === 'available' || membership.group !== groupId) {
    return overtaken(`server "${server}" is not in group "${groupId}"`);
  }
  if (membership.status === 'draining') return overtaken(`server "${server}" is on its way out of group "${groupId}"`);
  const wanted = directivePosition(group, membership);
  if (covers < wanted || covers > state.position) {
    return overtaken(`server "${server}" has to prove position ${wanted}, not ${covers}`);
  }
  return membership;
}

/** Out only as the log says, and only with evidence that nobody is cut off before the deadline. */
function refuseLeft(state: FleetState, data: EventData<'server.left'>, at: number): Rejection | undefined {
  const membership = state.serverById.get(data.server)?.membership;
  if (membership?.status !== 'draining' || membership.group !== data.group || !sameNext(membership.next, data.next)) {
    return overtaken(`server "${data.server}" is not leaving group "${data.group}" this way`);
  }
  const { inFlight, deadlinePassed, unconfirmed } = data.evidence;
  if (deadlinePassed && at < membership.deadlineAt) {
    return { code: 'invalid', message: `the drain of server "${data.server}" has time left`, field: 'evidence' };
  }
  if (!deadlinePassed && (inFlight > 0 || unconfirmed.length > 0)) {
    return { code: 'invalid', message: `the drain of server "${data.server}" is not over`, field: 'evidence' };
  }
  return undefined;
}

type Failures = EventData<'server.sync-failed'>['failures'];
function sameFailures(a: Failures, b: Failures): boolean {
  return (
    a.length === b.length &&
    a.every(({ project, version, text }, index) => {
      const other = b[index];
      return project === other?.project && version === other.version && text === other.text;
    })
  );
}

function overtaken(message: string): Rejection {
  return { code: 'overtaken', message };
}
