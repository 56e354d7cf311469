/** Groups and deployments as people read them. A group's cost is its own; all groups cost the fleet, once. */
import type { FleetState, Group } from '../domain/state.ts';
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
      .map(({ id, membership }) => ({ server: id, status: membership.status }))
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
  const { servers, holdingByProject } = countHolding(state, observed, group);
  return [...group.deploymentByProject.values()]
    .sort((a, b) => byText(a.project, b.project))
    .map(({ project, version, digest, changedAt }) => ({
      group: group.id,
      project,
      version,
      digest,
      changedAt,
      holding: holdingByProject.get(project) ?? 0,
      servers,
    }));
}

/** Sorted by group, then project. */
export function allDeploymentViews(state: FleetState, observed: Observed): DeploymentView[] {
  return sortedGroups(state).flatMap((group) => deploymentViews(state, observed, group));
}

function sortedGroups(state: FleetState): Group[] {
  return [...state.groupById.values()].sort((a, b) => byText(a.id, b.id));
}

/** Draining servers count nowhere: nothing new is asked of them. */
function countHolding(state: FleetState, observed: Observed, group: Group) {
  const holdingByProject = new Map<string, number>();
  let servers = 0;
  for (const { id, membership } of membersOf(state, group.id)) {
    if (membership.status === 'available' || membership.status === 'draining') continue;
    servers += 1;
    const receipt = receiptSince(state, observed, { server: id, joinedAt: membership.joinedAt });
    for (const { project, version } of receipt?.projects ?? []) {
      if (group.deploymentByProject.get(project)?.version !== version) continue;
      holdingByProject.set(project, (holdingByProject.get(project) ?? 0) + 1);
    }
  }
  return { servers, holdingByProject };
}
