/** A request takes the place of what is under way for the same projects; what else that was about goes back. */
import type { ProjectId } from '../../schemas/ids.ts';
import { rolloutsWith } from './evolve-deployments.ts';
import type { Group, Rollout } from './state.ts';

interface Superseded {
  readonly rollouts: readonly Rollout[];
  readonly warnings: readonly string[];
}

export function supersededBy(group: Group, releases: readonly { readonly project: ProjectId }[]): Superseded {
  const projects = releases.map(({ project }) => project);
  const rollouts = rolloutsWith(group, projects);
  const warnings = rollouts.flatMap((rollout) => [
    `supersedes the rollout of ${named(rollout)}, under way since position ${rollout.id} (${rollout.status})`,
    ...warnOfReturning(rollout, projects),
  ]);
  return { rollouts, warnings };
}

/** Projects of a release that ends for the others' sake. */
export function warnOfReturning({ targets }: Rollout, but: readonly ProjectId[]): string[] {
  return targets
    .filter(({ project }) => !but.includes(project))
    .map(({ project, from }) =>
      from === null
        ? `project "${project}" was part of it: the group carries it no more`
        : `project "${project}" was part of it and goes back to version "${from.version}"`,
    );
}

/** `orders 2, users 7`. */
export function named({ targets }: Pick<Rollout, 'targets'>): string {
  return targets.map(({ project, to }) => `${project} ${to.version}`).join(', ');
}
