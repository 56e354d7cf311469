/** What an event concerns: what it is filed under in the feed, first, and whatever else it touches. */
import type { Event, RolloutEvent } from '../../schemas/events.ts';
import type { BalancerId, FleetId, GroupId, ProjectId, ServerId } from '../../schemas/ids.ts';
import type { Concern } from '../../schemas/subjects.ts';
import { never } from '../std/failure.ts';
import { groupOf } from './membership.ts';
import type { FleetState } from './state.ts';

/** Before `fleet.created` is folded the log does not say which fleet it is: then the fleet goes by the default's name. */
const fleetDefault = 'main' as FleetId;

/**
 * The concerns of an event, its own first: the group it changes (a move: the target), else server, project, balancer,
 * fleet. The state may be the one before the event or after it.
 */
export function affects(event: Event, state: Pick<FleetState, 'fleet' | 'serverById'>): Concern[] {
  switch (event.type) {
    case 'fleet.created':
      return [{ kind: 'fleet', id: event.data.fleet }];
    case 'coordinator.elected':
    case 'command.rejected':
    case 'log.recovered':
    case 'log.checkpointed':
    case 'log.key-rotated':
      return [{ kind: 'fleet', id: state.fleet ?? fleetDefault }];
    case 'group.servers-set':
      return [group(event.data.group), ...event.data.joined.map(server), ...event.data.leaving.map(server)];
    case 'server.registered':
    case 'server.configured':
      return [server(event.data.server), ...groupsOf(state, event.data.server)];
    case 'server.retired':
      return [server(event.data.server)];
    case 'server.joined':
    case 'server.leaving':
    case 'server.retiring':
    case 'server.ready':
    case 'server.sync-failed':
    case 'server.cordoned':
    case 'server.draining':
    case 'server.drained':
    case 'server.uncordoned':
    case 'server.retried':
      return [group(event.data.group), server(event.data.server)];
    case 'server.moving':
      return [group(event.data.group), group(event.data.from), server(event.data.server)];
    case 'server.left':
      return leftConcerns(event.data);
    case 'server.replacing':
    case 'server.replaced':
      return [group(event.data.group), server(event.data.server), server(event.data.by)];
    case 'server.lost':
    case 'server.returned':
      return [server(event.data.server), ...(event.data.group === null ? [] : [group(event.data.group)])];
    case 'project.published':
    case 'project.deprecated':
    case 'project.retired':
      return [project(event.data.project)];
    case 'deployment.requested':
    case 'deployment.withdrawn':
    case 'deployment.succeeded':
      return [group(event.data.group), project(event.data.project)];
    case 'release.requested':
      return [group(event.data.group), ...event.data.projects.map((one) => project(one.project))];
    case 'group.created':
    case 'group.configured':
    case 'group.deleted':
    case 'pool.held':
    case 'pool.released':
      return [group(event.data.group)];
    case 'balancer.registered':
      return [balancer(event.data.balancer), ...(event.data.groups === 'all' ? [] : event.data.groups.map(group))];
    case 'balancer.retired':
    case 'balancer.lost':
    case 'balancer.returned':
      return [balancer(event.data.balancer)];
    default:
      return rolloutConcerns(event);
  }
}

function rolloutConcerns(event: RolloutEvent): Concern[] {
  switch (event.type) {
    case 'rollout.advanced':
      return [group(event.data.group), ...event.data.servers.map(server)];
    case 'rollout.switched':
      return [group(event.data.group), ...event.data.to.map(server), ...event.data.from.map(server)];
    case 'rollout.paused':
    case 'rollout.resumed':
    case 'rollout.promoted':
    case 'rollout.aborted':
    case 'rollout.retried':
    case 'rollout.failed':
    case 'rollout.rolled-back':
    case 'rollout.succeeded':
      return [group(event.data.group)];
    default:
      return never(event);
  }
}

function leftConcerns({ group: from, server: id, next }: Event<'server.left'>['data']): Concern[] {
  return [group(from), ...(next.to === 'group' ? [group(next.group)] : []), server(id)];
}

/** A member's address and weight stand in its group's pool. */
function groupsOf(state: Pick<FleetState, 'serverById'>, id: ServerId): Concern[] {
  const member = groupOf(state.serverById.get(id));
  return member === null ? [] : [group(member)];
}

function group(id: GroupId): Concern {
  return { kind: 'group', id };
}

function server(id: ServerId): Concern {
  return { kind: 'server', id };
}

function project(id: ProjectId): Concern {
  return { kind: 'project', id };
}

function balancer(id: BalancerId): Concern {
  return { kind: 'balancer', id };
}
