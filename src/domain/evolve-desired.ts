/**
 * The fold of what members shall hold. Every change of a deployment or a rollout goes through here, so that whoever
 * shall hold another set by it is told so, and nobody else is.
 */
import type { EventHead } from '../../schemas/events.ts';
import type { ProjectId, ServerId } from '../../schemas/ids.ts';
import { desiredRelease } from './release.ts';
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
  const before = new Map<ServerId, string>();
  for (const id of group.servers) before.set(id, heldBy(group, projects, id));
  change();
  const told = [...group.servers].filter((id) => heldBy(group, projects, id) !== before.get(id));
  const isForAll = told.length === group.servers.size;
  if (isForAll) group.deploymentsChangedAt = event.position;
  for (const server of told) {
    const isFailing = (state.serverById.get(server)?.member?.failing ?? null) !== null;
    if (isForAll && !isFailing) continue;
    const own = isForAll ? {} : { directiveAt: event.position };
    changeMember(state, { event, server, group: group.id }, () => ({ ...own, failing: null }));
  }
  return told;
}

/** Of these projects; a version has the same bytes everywhere, but may be probed elsewhere. */
function heldBy(group: Group, projects: readonly ProjectId[], id: ServerId): string {
  let held = '';
  for (const project of projects) {
    const deployment = group.deploymentByProject.get(project);
    const release = deployment === undefined ? null : desiredRelease(group, deployment, { id });
    held += release === null ? '\n' : `${release.version} ${probeText(release)}\n`;
  }
  return held;
}

function probeText({ probe }: ProjectRelease): string {
  return probe === null ? '' : `${probe.path} ${probe.timeoutMs ?? ''}`;
}
