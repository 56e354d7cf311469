/**
 * What each server and group should hold, by the log. This file and its siblings promise: plain functions of
 * `FleetState` and `Observed` that change neither, cost at most the group they are asked about, and give the same
 * answer for the same input. They must not know clocks, NATS, or what was published before. Their caller hands in
 * acknowledged state only, since what they return is told to others.
 */
import { directiveServing, toldPosition } from '../domain/membership.ts';
import { desiredRelease } from '../domain/release.ts';
import type { FleetState, Group, ProjectRelease } from '../domain/state.ts';
import type { DesiredProject } from '../../schemas/directive.ts';
import type { GroupId, Position, ProjectId, ServerId } from '../../schemas/ids.ts';
import { byText } from './order.ts';

export interface Desired {
  readonly position: Position;
  readonly projects: DesiredProject[];
}

/** With `serving`: whether to take new requests. Who drains is told so only once nobody sends to it any more. */
export interface DesiredOfServer extends Desired {
  readonly serving: 'yes' | 'draining';
}

/**
 * What the server should hold, sorted by project, and the position that follows from; null in no group.
 *
 * Each project at the version this member should have: while a rollout is under way, whoever it has yet to move holds
 * what the group last succeeded with.
 */
export function desiredFor(state: FleetState, serverId: ServerId): DesiredOfServer | null {
  const member = state.serverById.get(serverId)?.member ?? null;
  if (member === null) return null;
  const group = state.groupById.get(member.group);
  if (group === undefined) return null;
  const position = toldPosition(group, member);
  return { position, serving: directiveServing(member), projects: projectsFor(group, serverId) };
}

/** What the group shall carry, for whoever watches a group; null for an unknown one. */
export function groupDesired(state: FleetState, groupId: GroupId): (Desired & { readonly group: GroupId }) | null {
  const group = state.groupById.get(groupId);
  if (group === undefined) return null;
  const projects = [...group.deploymentByProject.values()]
    .map((deployment) => desiredProject(deployment.project, deployment))
    .sort((a, b) => byText(a.project, b.project));
  return { group: groupId, position: carriedSince(group), projects };
}

/** The last event that may have changed what the group carries: before anybody is moved to it, and after a way back. */
function carriedSince({ deploymentsChangedAt, deploymentByProject, pastRollouts }: Group): Position {
  const asked = [...deploymentByProject.values()].map(({ changedAt }) => changedAt);
  return Math.max(deploymentsChangedAt, pastRollouts.at(-1)?.ended ?? 0, ...asked);
}

function projectsFor(group: Group, id: ServerId): DesiredProject[] {
  const projects: DesiredProject[] = [];
  for (const deployment of group.deploymentByProject.values()) {
    const release = desiredRelease(group, deployment, { id });
    if (release !== null) projects.push(desiredProject(deployment.project, release));
  }
  return projects.sort((a, b) => byText(a.project, b.project));
}

function desiredProject(project: ProjectId, { version, digest, bytes, probe }: ProjectRelease): DesiredProject {
  return { project, version, digest, bytes, ...(probe === null ? {} : { probe }) };
}
