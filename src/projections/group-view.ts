/** Groups and deployments as people read them. A group's cost is its own; all groups cost the fleet, once. */
import { statusOf } from '../domain/membership.ts';
import { holdsCurrent } from '../domain/release.ts';
import type { FleetState, Group } from '../domain/state.ts';
import type { ProjectId } from '../../schemas/ids.ts';
import type { DeploymentView, GroupView } from '../../schemas/views.ts';
import { groupStatus } from './group-status.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { receiptSince } from './progress.ts';
import { membersOf } from './server-view.ts';

export function groupView(state: FleetState, observed: Observed, group: Group): GroupView {
  return {
    group: group.id,
    name: group.name,
    policy: group.policy,
    changedAt: group.changedAt,
    servers: membersOf(state, group.id)
      .map(({ server }) => ({ server: server.id, status: statusOf(server) }))
      .sort((a, b) => byText(a.server, b.server)),
    deployments: deploymentViews(state, observed, group),
    status: groupStatus(state, observed, group.id),
  };
}

/** Sorted by group. */
export function groupViews(state: FleetState, observed: Observed): GroupView[] {
  return sortedGroups(state).map((group) => groupView(state, observed, group));
}

/** Sorted by project, with how many of the servers that should hold it have proved that they do. */
export function deploymentViews(state: FleetState, observed: Observed, group: Group): DeploymentView[] {
  const countsByProject = countHolding(state, observed, group);
  return [...group.deploymentByProject.values()]
    .sort((a, b) => byText(a.project, b.project))
    .map(({ project, version, digest, changedAt }) => ({
      group: group.id,
      project,
      version,
      digest,
      changedAt,
      ...(countsByProject.get(project) ?? { holding: 0, servers: 0 }),
    }));
}

/** Sorted by group, then project. */
export function allDeploymentViews(state: FleetState, observed: Observed): DeploymentView[] {
  return sortedGroups(state).flatMap((group) => deploymentViews(state, observed, group));
}

function sortedGroups(state: FleetState): Group[] {
  return [...state.groupById.values()].sort((a, b) => byText(a.id, b.id));
}

/**
 * Draining servers count nowhere: nothing new is asked of them. Nor, while a rollout is under way, does whoever it has
 * yet to move: it should hold the version before.
 */
function countHolding(state: FleetState, observed: Observed, group: Group) {
  const countsByProject = new Map<ProjectId, { holding: number; servers: number }>();
  const staying = membersOf(state, group.id).filter(({ member }) => member.drain === null);
  for (const deployment of group.deploymentByProject.values()) {
    const servers = staying.filter(({ server }) => holdsCurrent(group, deployment, server)).length;
    countsByProject.set(deployment.project, { holding: 0, servers });
  }
  for (const { server, member } of staying) {
    const receipt = receiptSince(state, observed, { server: server.id, joinedAt: member.joinedAt });
    for (const { project, version } of receipt?.projects ?? []) {
      const deployment = group.deploymentByProject.get(project);
      const counts = countsByProject.get(project);
      if (deployment === undefined || counts === undefined || deployment.version !== version) continue;
      if (holdsCurrent(group, deployment, server)) counts.holding += 1;
    }
  }
  return countsByProject;
}
