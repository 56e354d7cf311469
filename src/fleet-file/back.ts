/**
 * A group as it was at an earlier instant, as a file would declare it: what a plan brings the fleet back to. Pure.
 * Versions are those the group had succeeded with by then: a rollout that was under way had yet to prove its own.
 */
import { isLeaving } from '../domain/membership.ts';
import { lastGoodOf } from '../domain/release.ts';
import type { FleetState } from '../domain/state.ts';
import type { FleetFile } from '../../schemas/fleet-file.ts';
import { type GroupName, groupIdOf } from '../../schemas/ids.ts';

export interface GroupThen {
  readonly file: FleetFile;
  /** What cannot come back, or is not asked to, each with its reason. */
  readonly without: readonly string[];
}

/** Undefined: there was no such group then. */
export function groupThen(
  { past, now }: { readonly past: FleetState; readonly now: FleetState },
  name: GroupName,
): GroupThen | undefined {
  const group = past.groupById.get(groupIdOf(name));
  if (group === undefined) return undefined;
  const without: string[] = [];
  const servers = [...group.servers].sort().filter((id) => {
    const member = past.serverById.get(id)?.member;
    if (member == null || isLeaving(member)) return false;
    if (now.serverById.has(id)) return true;
    without.push(`server ${id}: the fleet does not know it any more; start it, or join another one`);
    return false;
  });
  const deployments: Record<string, string> = {};
  for (const deployment of group.deploymentByProject.values()) {
    const release = lastGoodOf(deployment);
    if (release !== null) deployments[deployment.project] = release.version;
    else without.push(`${deployment.project}@${deployment.version}: by then it had succeeded on ${group.name} never`);
  }
  const declared = { policy: group.policy, servers, deployments };
  return { file: { groups: { [group.name]: declared } } as FleetFile, without };
}
