/** What a group's past rollouts tell: which versions it can go back to. */
import type { ProjectVersion } from '../../schemas/ids.ts';
import type { Deployment, Group } from './state.ts';

/** Versions of the project this group succeeded with, but for the one it carries; the last one first, each once. */
export function succeededVersions(
  { pastRollouts }: Pick<Group, 'pastRollouts'>,
  { project, version: carried, lastGood }: Deployment,
): ProjectVersion[] {
  const versions = new Set<ProjectVersion>();
  if (lastGood !== null) versions.add(lastGood.version);
  for (const { targets, status } of [...pastRollouts].reverse()) {
    for (const target of targets) {
      if (target.project !== project) continue;
      if (status === 'succeeded') versions.add(target.to.version);
      // What a rollout came from had succeeded before it, whatever became of the rollout.
      if (target.from !== null) versions.add(target.from.version);
    }
  }
  versions.delete(carried);
  return [...versions];
}
