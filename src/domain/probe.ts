/** What a rollout's policy has probed of each of its projects. */
import type { ProjectId } from '../../schemas/ids.ts';
import type { Probe, RolloutPolicy } from '../../schemas/rollout.ts';
import { type Refused, refuse } from './ruling.ts';
import type { Group } from './state.ts';

/** Stands for the project's name in a probe's path. */
const placeholder = '{project}';

/** With its path in full; null: nothing is probed. */
export function probeOf({ probe }: RolloutPolicy, project: ProjectId): Probe | null {
  return probe === null ? null : { ...probe, path: probe.path.replaceAll(placeholder, project) };
}

interface Probing {
  readonly group: Group;
  /** What the request itself says; undefined: nothing, so that the group's policy does. */
  readonly asked: Partial<RolloutPolicy>['probe'];
  /** Both together. */
  readonly rollout: RolloutPolicy;
  readonly projects: readonly unknown[];
}

/** One path is one project's: of several, each has to have its own. */
export function refuseSharedProbe({ group, asked, rollout, projects }: Probing): Refused | undefined {
  const { probe } = rollout;
  if (probe === null || projects.length < 2 || probe.path.includes(placeholder)) return undefined;
  const what = `${projects.length} projects cannot be probed at the same path "${probe.path}"`;
  const how = `write ${placeholder} where a project's name belongs`;
  if (asked !== undefined) return refuse({ code: 'invalid', message: `${what}: ${how}`, field: 'rollout.probe.path' });
  return refuse({
    code: 'invalid',
    message: `${what}, which the policy of group "${group.name}" says: ${how}, or have the request probe nothing`,
    next: `muster group configure ${group.name} --probe /${placeholder}${probe.path}`,
  });
}
