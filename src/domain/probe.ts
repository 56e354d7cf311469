/** What a rollout's policy has probed of each of its projects. */
import type { ProjectId } from '../../schemas/ids.ts';
import type { Probe, RolloutPolicy } from '../../schemas/rollout.ts';
import { type Refused, refuse } from './ruling.ts';

/** Stands for the project's name in a probe's path. */
const placeholder = '{project}';

/** With its path in full; null: nothing is probed. */
export function probeOf({ probe }: RolloutPolicy, project: ProjectId): Probe | null {
  return probe === null ? null : { ...probe, path: probe.path.replaceAll(placeholder, project) };
}

/** One path is one project's: of several, each has to have its own. */
export function refuseSharedProbe({ probe }: RolloutPolicy, projects: readonly unknown[]): Refused | undefined {
  if (probe === null || projects.length < 2 || probe.path.includes(placeholder)) return undefined;
  return refuse({
    code: 'invalid',
    message: `${projects.length} projects cannot be probed at the same path "${probe.path}": write ${placeholder} where a project's name belongs`,
    field: 'rollout.probe.path',
  });
}
