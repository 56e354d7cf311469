/**
 * What each server and group should hold, by the log. This file and its siblings promise: plain functions of
 * `FleetState` and `Observed` that change neither, cost at most the group they are asked about, and give the same
 * answer for the same input. They must not know clocks, NATS, or what was published before. Their caller hands in
 * acknowledged state only, since what they return is told to others.
 */
import { directivePosition } from '../domain/membership.ts';
import type { FleetState, Group } from '../domain/state.ts';
import { never } from '../std/failure.ts';
import type { DesiredProject } from '../../schemas/directive.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import { byText } from './order.ts';

export interface Desired {
  readonly position: Position;
  readonly projects: DesiredProject[];
}

/**
 * What the server should hold, sorted by project, and the position that follows from; null in no group.
 *
 * A draining server's position is its leaving, and never moves: a deployment made meanwhile must not be numbered past
 * the directive that tells it to drain, or the server would refuse that one as older. The log does not keep the set it
 * had, so the projects are the group's own of now.
 */
export function desiredFor(state: FleetState, serverId: ServerId): Desired | null {
  const membership = state.serverById.get(serverId)?.membership;
  if (membership === undefined || membership.status === 'available') return null;
  const group = state.groupById.get(membership.group);
  if (group === undefined) return null;
  switch (membership.status) {
    case 'syncing':
    case 'failed':
    case 'ready':
      return { position: directivePosition(group, membership), projects: projectsOf(group) };
    case 'draining':
      return { position: membership.leavingAt, projects: projectsOf(group) };
    default:
      return never(membership);
  }
}

/** What the group shall carry, for whoever watches a group; null for an unknown one. */
export function groupDesired(state: FleetState, groupId: GroupId): (Desired & { readonly group: GroupId }) | null {
  const group = state.groupById.get(groupId);
  if (group === undefined) return null;
  return { group: groupId, position: group.deploymentsChangedAt, projects: projectsOf(group) };
}

/**
 * Position of the event that put the server into the group it is in, or out of the last one. For a server the fleet
 * does not know: the state's own, since when it was retired stands in no state and was no later than that.
 */
export function assignedAt(state: FleetState, serverId: ServerId): Position {
  const server = state.serverById.get(serverId);
  if (server === undefined) return state.position;
  return server.membership.status === 'available' ? server.since : server.membership.joinedAt;
}

function projectsOf(group: Group): DesiredProject[] {
  return [...group.deploymentByProject.values()]
    .map(({ project, version, digest, bytes }) => ({ project, version, digest, bytes }))
    .sort((a, b) => byText(a.project, b.project));
}
