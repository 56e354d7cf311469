/** Finding what a request is to roll out, and what a group carries; or the refusal that says why not. */
import type { Digest, ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import { findProject, findVersion } from './find.ts';
import { deploymentsPerGroupMax } from './limits.ts';
import { refuseRetired } from './project-rules.ts';
import { type Found, type Refused, found, refuse } from './ruling.ts';
import type { Deployment, FleetState, Group } from './state.ts';
import { list, quote } from './wording.ts';

interface Release {
  readonly project: ProjectId;
  readonly version: ProjectVersion;
  readonly digest: Digest;
  readonly bytes: number;
}

/** As the event will hold it, with what is to be said of it. */
export interface Wanted {
  readonly release: Release;
  /** For sentences. */
  readonly what: string;
  readonly warnings: readonly string[];
}

/** A published version that may be carried. */
export function wantedOf(
  state: FleetState,
  { project: id, version }: { readonly project: ProjectId; readonly version: ProjectVersion },
): Found<Wanted> {
  const project = findProject(state, id);
  if (project.status === 'refused') return project;
  const published = findVersion(project.value, version);
  if (published.status === 'refused') return published;
  const { digest, bytes, status } = published.value;
  const what = `version "${version}" of project "${id}"`;
  if (project.value.status === 'retired') return refuseRetired(`project "${id}"`);
  if (status === 'retired') return refuseRetired(what);
  const warnings = [
    ...(project.value.status === 'deprecated' ? [`project "${id}" is deprecated`] : []),
    ...(status === 'deprecated' ? [`${what} is deprecated`] : []),
  ];
  return found({ release: { project: id, version, digest, bytes }, what, warnings });
}

export function refuseDeploymentsFull(group: Group, wanted: readonly Wanted[]): Refused | undefined {
  const added = wanted.filter(({ release }) => !group.deploymentByProject.has(release.project)).length;
  if (added === 0 || group.deploymentByProject.size + added <= deploymentsPerGroupMax) return undefined;
  const carries = group.deploymentByProject.size;
  return refuse({
    code: 'limit-reached',
    message: `group "${group.name}" carries ${carries} projects, and may carry ${deploymentsPerGroupMax}`,
  });
}

export function findCarried(group: Group, project: ProjectId): Found<Deployment> {
  const { name, deploymentByProject } = group;
  const deployment = deploymentByProject.get(project);
  if (deployment !== undefined) return found(deployment);
  const carries = deploymentByProject.size === 0 ? 'nothing' : list(deploymentByProject.keys());
  return refuse({
    code: 'unknown-deployment',
    message: `group "${name}" does not carry project ${quote(project)}; it carries ${carries}`,
    field: 'project',
  });
}
