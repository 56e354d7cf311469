/** The fold of deployments: what a group shall carry. A deployment is replaced, never written into. */
import type { Event, EventHead } from '../../schemas/events.ts';
import { triesCurrent } from './release.ts';
import { changeMember } from './settle.ts';
import type { Deployment, FleetState, Group, Member, ProjectRelease } from './state.ts';

export function deploymentRequested(state: FleetState, event: Event<'deployment.requested'>): void {
  const { data, position } = event;
  const group = state.groupById.get(data.group);
  if (group === undefined) return;
  const { project, version, digest, bytes } = data;
  const lastGood = lastGoodOf(group.deploymentByProject.get(project));
  const deployment = { project, version, digest, bytes, changedAt: position, succeededAt: null, lastGood };
  group.deploymentByProject.set(project, deployment);
  changeDesired(state, { event, group, whose: () => true });
}

export function deploymentWithdrawn(state: FleetState, event: Event<'deployment.withdrawn'>): void {
  const group = state.groupById.get(event.data.group);
  if (group === undefined) return;
  group.deploymentByProject.delete(event.data.project);
  changeDesired(state, { event, group, whose: () => true });
}

/** What was kept from those who joined since the request is theirs now; nobody else is told anything new. */
export function deploymentSucceeded(state: FleetState, event: Event<'deployment.succeeded'>): void {
  const { project, group: groupId } = event.data;
  const group = state.groupById.get(groupId);
  const deployment = group?.deploymentByProject.get(project);
  if (group === undefined || deployment === undefined) return;
  group.deploymentByProject.set(project, { ...deployment, succeededAt: event.position, lastGood: null });
  const whose = (member: Member) => !triesCurrent(deployment, member);
  if (someMember(state, group, whose)) changeDesired(state, { event, group, whose });
}

function lastGoodOf(before: Deployment | undefined): ProjectRelease | null {
  if (before === undefined || before.succeededAt === null) return before?.lastGood ?? null;
  const { version, digest, bytes } = before;
  return { version, digest, bytes };
}

interface DesiredChanged {
  readonly event: EventHead;
  readonly group: Group;
  /** Whose set it changes. */
  readonly whose: (member: Member) => boolean;
}

/** A member that failed its old set has not failed its new one: it tries again from the start. */
function changeDesired(state: FleetState, { event, group, whose }: DesiredChanged): void {
  group.deploymentsChangedAt = event.position;
  for (const server of group.servers) {
    const member = state.serverById.get(server)?.member ?? null;
    if (member === null || member.failing === null || !whose(member)) continue;
    changeMember(state, { event, server, group: group.id }, () => ({ failing: null }));
  }
}

function someMember(state: FleetState, group: Group, whose: (member: Member) => boolean): boolean {
  for (const id of group.servers) {
    const member = state.serverById.get(id)?.member ?? null;
    if (member !== null && whose(member)) return true;
  }
  return false;
}
