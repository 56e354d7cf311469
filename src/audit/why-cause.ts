/** What an event follows from: an earlier event, somebody's command, or what was seen outside the log. Pure. */
import type { Event, EventData } from '../../schemas/events.ts';
import type { CommandId, GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { FleetState, Member } from '../domain/state.ts';

export type Cause =
  | { readonly kind: 'event'; readonly position: Position }
  | { readonly kind: 'command'; readonly id: CommandId; readonly askedAt: number | null }
  | { readonly kind: 'observed'; readonly what: string };

/** `state`: as it was before the event. */
export function causeOf(event: Event, state: FleetState): Cause {
  const position = positionBefore(event, state);
  if (position !== null && position > 0) return { kind: 'event', position };
  if (event.command === undefined) return { kind: 'observed', what: observedBy(event) };
  return { kind: 'command', id: event.command.id, askedAt: event.askedAt ?? null };
}

function positionBefore({ type, data }: Event, state: FleetState): Position | null {
  const memberOf = (id: ServerId): Member | null => state.serverById.get(id)?.member ?? null;
  switch (type) {
    // The directive it proved, or failed at: what the group or this member was last told.
    case 'server.ready':
    case 'server.sync-failed':
      return data.covers;
    case 'server.left':
    case 'server.drained':
      return memberOf(data.server)?.drain?.at ?? null;
    case 'server.replaced':
      return memberOf(data.by)?.admittedAt ?? null;
    case 'server.returned':
      return state.serverById.get(data.server)?.lost?.at ?? null;
    case 'pool.held':
      return newestHeld(state, data.group);
    case 'pool.released':
      return state.groupById.get(data.group)?.heldAt ?? null;
    case 'deployment.succeeded':
      return state.groupById.get(data.group)?.deploymentByProject.get(data.project)?.changedAt ?? null;
    case 'rollout.failed':
      return firstFailure(state, data) ?? rolloutSince(state, data);
    case 'rollout.advanced':
    case 'rollout.paused':
    case 'rollout.switched':
    case 'rollout.rolled-back':
    case 'rollout.succeeded':
      return rolloutSince(state, data);
    case 'balancer.returned':
      return state.balancerById.get(data.balancer)?.lostAt ?? null;
    case 'log.recovered':
      return data.at;
    case 'log.checkpointed':
      return data.position;
    default:
      return null;
  }
}

/** The absence that made the pool be held: the last one the floor did not let go. */
function newestHeld(state: FleetState, group: GroupId): Position | null {
  let newest = 0;
  for (const id of state.groupById.get(group)?.servers ?? []) {
    const server = state.serverById.get(id);
    if (server?.member?.held === true) newest = Math.max(newest, server.lost?.at ?? 0);
  }
  return newest;
}

interface OfRollout {
  readonly group: GroupId;
  readonly rollout: Position;
}

/** What a step follows from: the one before it, or the request. */
function rolloutSince(state: FleetState, { group, rollout }: OfRollout): Position | null {
  return state.groupById.get(group)?.rolloutById.get(rollout)?.since ?? null;
}

/** The failed sync of a server it told, where one is what it failed by. */
function firstFailure(state: FleetState, { group, rollout, cause }: EventData<'rollout.failed'>): Position | null {
  if (cause !== 'sync-failed') return null;
  const moved = state.groupById.get(group)?.rolloutById.get(rollout)?.moved ?? [];
  const failed = [...moved].flatMap((id) => {
    const failing = state.serverById.get(id)?.member?.failing;
    return failing?.final === true ? [failing.at] : [];
  });
  return failed.length === 0 ? null : Math.min(...failed);
}

function observedBy({ type, data }: Event): string {
  switch (type) {
    case 'server.lost':
      return data.cause === 'unhealthy' ? 'its heartbeats say it is not well' : 'its heartbeats are missing';
    case 'balancer.lost':
      return 'its receipts are missing';
    case 'coordinator.elected':
      return 'no other coordinator led';
    case 'fleet.created':
      return 'the log was empty';
    case 'log.recovered':
      return 'a person had the log go on though it had gone back';
    case 'log.key-rotated':
      return 'its leader has this key';
    default:
      return 'the leader said so by itself';
  }
}
