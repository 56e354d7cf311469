/**
 * System events: what the leader itself says happened. A proposal was made on acknowledged events; it is checked again
 * against the head, where commands since may have overtaken it. Then it is refused, and whoever proposed looks again.
 * Nothing of a refused proposal goes into the log. What only the head knows (whether the floor holds a server, which
 * are held, how many have proved a version) is no part of a proposal: it is added here.
 */
import type { Event, EventData } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { assert, never } from '../std/failure.ts';
import { heldFact, lostFact, refuseReleased, refuseReturned } from './absence-proposals.ts';
import { eventOf } from './event-of.ts';
import { refuseBalancerLost, refuseBalancerReturned, refuseElected, refuseFounded } from './fleet-proposals.ts';
import { refuseCheckpoint, refuseRecovery, refuseRotation } from './log-proposals.ts';
import { refuseDrained, refuseLeft, refuseReplaced } from './leaving-proposals.ts';
import { systemPrincipal } from './permissions.ts';
import { advancedFact, refuseFailed, refusePaused, rolledBackFact, succeededFact } from './rollout-proposals.ts';
import type { Fact } from './ruling.ts';
import type { FleetState } from './state.ts';
import { refuseSwitched, refuseUncordoned } from './switch-proposals.ts';
import { refuseReady, refuseSyncFailed } from './sync-proposals.ts';

export const proposalTypes = [
  'fleet.created',
  'coordinator.elected',
  'server.ready',
  'server.sync-failed',
  'server.left',
  'server.drained',
  'server.replaced',
  'server.lost',
  'server.returned',
  'pool.held',
  'pool.released',
  'server.uncordoned',
  'rollout.advanced',
  'rollout.paused',
  'rollout.switched',
  'rollout.failed',
  'rollout.rolled-back',
  'rollout.succeeded',
  'balancer.lost',
  'balancer.returned',
  'log.recovered',
  'log.checkpointed',
  'log.key-rotated',
] as const;
export type ProposalType = (typeof proposalTypes)[number];

/** What is proposed where that is less than the event will hold. */
interface PartlyProposed {
  'server.lost': Omit<EventData<'server.lost'>, 'held'>;
  'pool.held': Pick<EventData<'pool.held'>, 'group'>;
  'rollout.advanced': Omit<EventData<'rollout.advanced'>, 'sparesLast'>;
  'rollout.rolled-back': Omit<EventData<'rollout.rolled-back'>, 'evidence'>;
  'rollout.succeeded': Omit<EventData<'rollout.succeeded'>, 'evidence'>;
}
export type ProposalData<T extends ProposalType> = T extends keyof PartlyProposed ? PartlyProposed[T] : EventData<T>;
export type Proposal = { [T in ProposalType]: { readonly type: T; readonly data: ProposalData<T> } }[ProposalType];

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
  const judged = judge(state, proposal, at);
  return 'code' in judged ? judged : eventOf({ position, at, principal: systemPrincipal }, judged);
}

/** Tells the two answers of `propose` apart. */
export function isRejection(answer: Event | Rejection): answer is Rejection {
  return 'code' in answer;
}

function judge(state: FleetState, proposal: Proposal, at: number): Fact | Rejection {
  switch (proposal.type) {
    case 'fleet.created':
      return refuseFounded(state) ?? proposal;
    case 'coordinator.elected':
      return refuseElected(state, proposal.data) ?? proposal;
    case 'server.ready':
      return refuseReady(state, proposal.data) ?? proposal;
    case 'server.sync-failed':
      return refuseSyncFailed(state, proposal.data) ?? proposal;
    case 'server.left':
      return refuseLeft(state, proposal.data, at) ?? proposal;
    case 'server.drained':
      return refuseDrained(state, proposal.data, at) ?? proposal;
    case 'server.replaced':
      return refuseReplaced(state, proposal.data) ?? proposal;
    case 'server.lost':
      return lostFact(state, proposal.data, at);
    case 'server.returned':
      return refuseReturned(state, proposal.data) ?? proposal;
    case 'pool.held':
      return heldFact(state, proposal.data, at);
    case 'pool.released':
      return refuseReleased(state, proposal.data) ?? proposal;
    case 'server.uncordoned':
      return refuseUncordoned(state, proposal.data) ?? proposal;
    case 'rollout.advanced':
      return advancedFact(state, proposal.data);
    case 'rollout.paused':
      return refusePaused(state, proposal.data) ?? proposal;
    case 'rollout.switched':
      return refuseSwitched(state, proposal.data) ?? proposal;
    case 'rollout.failed':
      return refuseFailed(state, proposal.data, at) ?? proposal;
    case 'rollout.rolled-back':
      return rolledBackFact(state, proposal.data, at);
    case 'rollout.succeeded':
      return succeededFact(state, proposal.data);
    case 'balancer.lost':
      return refuseBalancerLost(state, proposal.data) ?? proposal;
    case 'balancer.returned':
      return refuseBalancerReturned(state, proposal.data) ?? proposal;
    case 'log.recovered':
      return refuseRecovery(state, proposal.data) ?? proposal;
    case 'log.checkpointed':
      return refuseCheckpoint(state, proposal.data) ?? proposal;
    case 'log.key-rotated':
      return refuseRotation(state, proposal.data) ?? proposal;
    default:
      return never(proposal);
  }
}
