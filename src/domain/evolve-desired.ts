/**
 * The fold of what members shall hold. Every change of a deployment or a rollout goes through here, so that whoever
 * shall hold another set by it is told so, and nobody else is.
 */
import type { EventHead } from '../../schemas/events.ts';
import type { Probe } from '../../schemas/rollout.ts';
import type { ProjectId, ServerId } from '../../schemas/ids.ts';
import { desiredRelease, rolloutOf } from './release.ts';
import { changeMember } from './settle.ts';
import type { FleetState, Group, ProjectRelease } from './state.ts';

export interface Retold {
  readonly event: EventHead;
  readonly group: Group;
  /** Those whose versions `change` may change; what members hold of all others stays. */
  readonly projects: readonly ProjectId[];
}

/**
 * Runs `change`, then gives everybody whose set it changed a directive of its own: by the group's position when that is
 * everybody, else by the member's. Who failed its old set has not failed its new one. Returns who that is.
 */
export function retell(state: FleetState, { event, group, projects }: Retold, change: () => void): ServerId[] {
  const servers = [...group.servers];
  const before = projects.map((project) => heldBy(group, project, servers));
  change();
  const now = projects.map((project) => heldBy(group, project, servers));
  const isTold = (index: number) => before.some((held, of) => !isSame(held[index] ?? null, now[of]?.[index] ?? null));
  const told = servers.filter((_, index) => isTold(index));
  const isForAll = told.length === servers.length;
  if (isForAll) group.deploymentsChangedAt = event.position;
  for (const server of told) {
    const isFailing = (state.serverById.get(server)?.member?.failing ?? null) !== null;
    if (isForAll && !isFailing) continue;
    const own = isForAll ? {} : { directiveAt: event.position };
    changeMember(state, { event, server, group: group.id }, () => ({ ...own, failing: null }));
  }
  return told;
}

/** What each of the servers shall hold of the project. */
function heldBy(group: Group, project: ProjectId, servers: readonly ServerId[]): (ProjectRelease | null)[] {
  const deployment = group.deploymentByProject.get(project);
  if (deployment === undefined || rolloutOf(group, deployment) === undefined)
    return servers.map(() => deployment ?? null);
  return servers.map((id) => desiredRelease(group, deployment, { id }));
}

/** A version has the same bytes everywhere, but may be probed elsewhere. */
function isSame(before: ProjectRelease | null, now: ProjectRelease | null): boolean {
  if (before === now) return true;
  if (before === null || now === null) return false;
  return before.version === now.version && isSameProbe(before.probe, now.probe);
}

function isSameProbe(before: Probe | null, now: Probe | null): boolean {
  if (before === null || now === null) return before === now;
  return before.path === now.path && before.timeoutMs === now.timeoutMs;
}
