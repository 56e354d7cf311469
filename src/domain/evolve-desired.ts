/**
 * The fold of what members shall hold. Every change of a deployment or a rollout goes through here, so that whoever
 * shall hold another set by it is told so, and nobody else is.
 */
import type { EventHead } from '../../schemas/events.ts';
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
  const heldBefore = heldBy(group, projects, servers);
  change();
  const heldNow = heldBy(group, projects, servers);
  const told = servers.filter((_, index) => heldNow[index] !== heldBefore[index]);
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

/**
 * What each of the servers shall hold of these projects. There are two releases of a project at the most, so that a text
 * is made for each of those and not for each server.
 */
function heldBy(group: Group, projects: readonly ProjectId[], servers: readonly ServerId[]): string[] {
  const textByRelease = new Map<ProjectRelease, string>();
  const textOf = (release: ProjectRelease | null) => {
    if (release === null) return '\n';
    const known = textByRelease.get(release);
    if (known !== undefined) return known;
    const text = textOfRelease(release);
    textByRelease.set(release, text);
    return text;
  };
  const held = servers.map(() => '');
  for (const project of projects) {
    const deployment = group.deploymentByProject.get(project);
    const isRolling = deployment !== undefined && rolloutOf(group, deployment) !== undefined;
    for (const [index, id] of servers.entries()) {
      held[index] += textOf(isRolling ? desiredRelease(group, deployment, { id }) : (deployment ?? null));
    }
  }
  return held;
}

/** A version has the same bytes everywhere, but may be probed elsewhere. */
function textOfRelease({ version, probe }: ProjectRelease): string {
  return probe === null ? `${version} \n` : `${version} ${probe.path} ${probe.timeoutMs ?? ''}\n`;
}
