/**
 * The fold: what each event makes of the fleet. Promises: total, it never refuses, since what is in the log happened;
 * no clock, no randomness, no I/O, so that every reader of one log holds the same state. Must not know what was
 * asked or whether it was allowed: that is `decide.ts`. Duties of the caller: owns `state`, folds positions in order
 * without gaps, and gives events of today's shapes.
 */
import type { Event, RolloutEvent } from '../../schemas/events.ts';
import { never } from '../std/failure.ts';
import { poolHeld, poolReleased, serverLost, serverReturned } from './evolve-absences.ts';
import { serverCordoned, serverDrained, serverDraining, serverUncordoned } from './evolve-cordons.ts';
import {
  deploymentRequested,
  deploymentSucceeded,
  deploymentWithdrawn,
  releaseRequested,
  rolloutRolledBack,
  rolloutSucceeded,
} from './evolve-deployments.ts';
import {
  balancerLost,
  balancerRegistered,
  balancerRetired,
  balancerReturned,
  coordinatorElected,
  fleetCreated,
  keyRotated,
  logRecovered,
} from './evolve-fleet.ts';
import { groupConfigured, groupCreated, groupDeleted, groupServersSet } from './evolve-groups.ts';
import {
  serverJoined,
  serverLeaving,
  serverLeft,
  serverMoving,
  serverReplaced,
  serverReplacing,
  serverRetiring,
} from './evolve-members.ts';
import { projectDeprecated, projectPublished, projectRetired } from './evolve-projects.ts';
import {
  rolloutAborted,
  rolloutAdvanced,
  rolloutFailed,
  rolloutPaused,
  rolloutPromoted,
  rolloutResumed,
  rolloutRetried,
} from './evolve-rollouts.ts';
import { serverConfigured, serverRegistered, serverRetired } from './evolve-servers.ts';
import { rolloutSwitched } from './evolve-switch.ts';
import { serverReady, serverRetried, serverSyncFailed } from './evolve-syncing.ts';
import { remember } from './repeats.ts';
import type { FleetState } from './state.ts';

/** Folds one event into the state it is given. */
export function evolve(state: FleetState, event: Event): void {
  apply(state, event);
  state.position = event.position;
  state.at = event.at;
  rememberCommand(state, event);
}

function apply(state: FleetState, event: Event): void {
  switch (event.type) {
    case 'fleet.created':
      return fleetCreated(state, event);
    case 'coordinator.elected':
      return coordinatorElected(state, event);
    case 'command.rejected':
    case 'log.checkpointed':
      return;
    case 'log.recovered':
      return logRecovered(state, event);
    case 'log.key-rotated':
      return keyRotated(state, event);
    case 'group.created':
      return groupCreated(state, event);
    case 'group.configured':
      return groupConfigured(state, event);
    case 'group.deleted':
      return groupDeleted(state, event);
    case 'group.servers-set':
      return groupServersSet(state, event);
    case 'pool.held':
      return poolHeld(state, event);
    case 'pool.released':
      return poolReleased(state, event);
    case 'project.published':
      return projectPublished(state, event);
    case 'project.deprecated':
      return projectDeprecated(state, event);
    case 'project.retired':
      return projectRetired(state, event);
    case 'deployment.requested':
      return deploymentRequested(state, event);
    case 'deployment.succeeded':
      return deploymentSucceeded(state, event);
    case 'deployment.withdrawn':
      return deploymentWithdrawn(state, event);
    case 'release.requested':
      return releaseRequested(state, event);
    case 'balancer.registered':
      return balancerRegistered(state, event);
    case 'balancer.retired':
      return balancerRetired(state, event);
    case 'balancer.lost':
      return balancerLost(state, event);
    case 'balancer.returned':
      return balancerReturned(state, event);
    default:
      return isOfRollout(event) ? applyToRollout(state, event) : applyToServer(state, event);
  }
}

function isOfRollout(event: RolloutEvent | ServerEvent): event is RolloutEvent {
  return event.type.startsWith('rollout.');
}

function applyToRollout(state: FleetState, event: RolloutEvent): void {
  switch (event.type) {
    case 'rollout.advanced':
      return rolloutAdvanced(state, event);
    case 'rollout.paused':
      return rolloutPaused(state, event);
    case 'rollout.resumed':
      return rolloutResumed(state, event);
    case 'rollout.promoted':
      return rolloutPromoted(state, event);
    case 'rollout.aborted':
      return rolloutAborted(state, event);
    case 'rollout.retried':
      return rolloutRetried(state, event);
    case 'rollout.switched':
      return rolloutSwitched(state, event);
    case 'rollout.failed':
      return rolloutFailed(state, event);
    case 'rollout.rolled-back':
      return rolloutRolledBack(state, event);
    case 'rollout.succeeded':
      return rolloutSucceeded(state, event);
    default:
      never(event);
  }
}

type ServerEvent = Extract<Event, { readonly type: `server.${string}` }>;
function applyToServer(state: FleetState, event: ServerEvent): void {
  switch (event.type) {
    case 'server.registered':
      return serverRegistered(state, event);
    case 'server.configured':
      return serverConfigured(state, event);
    case 'server.joined':
      return serverJoined(state, event);
    case 'server.leaving':
      return serverLeaving(state, event);
    case 'server.moving':
      return serverMoving(state, event);
    case 'server.retiring':
      return serverRetiring(state, event);
    case 'server.retired':
      return serverRetired(state, event);
    case 'server.ready':
      return serverReady(state, event);
    case 'server.sync-failed':
      return serverSyncFailed(state, event);
    case 'server.left':
      return serverLeft(state, event);
    case 'server.cordoned':
      return serverCordoned(state, event);
    case 'server.draining':
      return serverDraining(state, event);
    case 'server.drained':
      return serverDrained(state, event);
    case 'server.uncordoned':
      return serverUncordoned(state, event);
    case 'server.retried':
      return serverRetried(state, event);
    case 'server.replacing':
      return serverReplacing(state, event);
    case 'server.replaced':
      return serverReplaced(state, event);
    case 'server.lost':
      return serverLost(state, event);
    case 'server.returned':
      return serverReturned(state, event);
    default:
      never(event);
  }
}

/** A refused reuse of an id is the one answer not remembered: the id's first outcome stays its outcome. */
function rememberCommand(state: FleetState, event: Event): void {
  if (event.command === undefined) return;
  if (event.type === 'command.rejected' && event.data.rejection.code === 'id-reused') return;
  const { id, hash } = event.command;
  remember(state.repeats, { principal: event.principal, id, hash, position: event.position, at: event.at });
}
