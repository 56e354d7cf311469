/** The fold of deployments: what a group shall carry. */
import type { Event } from '../../schemas/events.ts';
import type { FleetState } from './state.ts';

export function deploymentRequested(state: FleetState, { data, position }: Event<'deployment.requested'>): void {
  const group = state.groupById.get(data.group);
  if (group === undefined) return;
  const { project, version, digest, bytes } = data;
  group.deploymentByProject.set(project, { project, version, digest, bytes, changedAt: position });
  group.deploymentsChangedAt = position;
}

export function deploymentWithdrawn(state: FleetState, { data, position }: Event<'deployment.withdrawn'>): void {
  const group = state.groupById.get(data.group);
  if (group === undefined) return;
  group.deploymentByProject.delete(data.project);
  group.deploymentsChangedAt = position;
}
