/** Projects and their versions: published once, immutable, deprecated, retired, never deleted. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import { findProject, findVersion } from './find.ts';
import { projectsMax, versionsPerProjectMax } from './limits.ts';
import { type Found, type Refused, type Ruling, accept, found, refuse, unchanged } from './ruling.ts';
import type { FleetState, Project, ProjectStatus } from './state.ts';

export function publishProject(state: FleetState, payload: CommandPayload<'project.publish'>): Ruling {
  const { project: id, version, digest, bytes } = payload;
  const project = state.projectById.get(id);
  const refusal = project === undefined ? refuseProjectsFull(state) : refusePublished(project, payload);
  if (refusal !== undefined) return refusal;
  const warnings = project?.status === 'deprecated' ? [`project "${id}" is deprecated`] : [];
  return accept({ type: 'project.published', data: { project: id, version, digest, bytes } }, warnings);
}

export function deprecateProject(state: FleetState, payload: CommandPayload<'project.deprecate'>): Ruling {
  const subject = subjectOf(state, payload);
  if (subject.status === 'refused') return subject;
  const { project, status, what } = subject.value;
  if (project.status === 'retired' || status === 'retired') return refuseRetired(what);
  if (status === 'deprecated') return unchanged(`${what} is deprecated already`);
  return accept({ type: 'project.deprecated', data: dataOf(payload) });
}

export function retireProject(state: FleetState, payload: CommandPayload<'project.retire'>): Ruling {
  const subject = subjectOf(state, payload);
  if (subject.status === 'refused') return subject;
  const { project, status, what } = subject.value;
  if (project.status === 'retired' || status === 'retired') return unchanged(`${what} is retired already`);
  return refuseDeployed(state, { ...payload, what }) ?? accept({ type: 'project.retired', data: dataOf(payload) });
}

export function refuseRetired(what: string): Refused {
  return refuse({ code: 'project-retired', message: `${what} is retired: it is neither published nor deployed again` });
}

function refusePublished(project: Project, payload: CommandPayload<'project.publish'>): Refused | undefined {
  const { version, digest } = payload;
  const published = project.versionByName.get(version);
  if (project.status === 'retired') return refuseRetired(`project "${project.id}"`);
  if (published !== undefined && published.digest === digest) {
    return unchanged(`project "${project.id}" has version "${version}" with these very bytes already`);
  }
  if (published !== undefined) {
    return refuse({
      code: 'version-exists',
      message: `project "${project.id}" has a version "${version}" with other bytes, and versions are immutable`,
      field: 'version',
      next: 'muster project publish DIR --version <a new version>',
    });
  }
  if (project.versionByName.size < versionsPerProjectMax) return undefined;
  return refuse({
    code: 'limit-reached',
    message: `project "${project.id}" has ${versionsPerProjectMax} versions, as many as it may`,
  });
}

function refuseProjectsFull(state: FleetState): Refused | undefined {
  if (state.projectById.size < projectsMax) return undefined;
  return refuse({ code: 'limit-reached', message: `the fleet has ${projectsMax} projects, as many as it may` });
}

interface Named {
  readonly project: ProjectId;
  readonly version?: ProjectVersion | undefined;
}

interface Subject {
  readonly project: Project;
  readonly status: ProjectStatus;
  /** For sentences: the project, or one version of it. */
  readonly what: string;
}

function subjectOf(state: FleetState, { project: id, version }: Named): Found<Subject> {
  const project = findProject(state, id);
  if (project.status === 'refused') return project;
  if (version === undefined) {
    return found({ project: project.value, status: project.value.status, what: `project "${id}"` });
  }
  const published = findVersion(project.value, version);
  if (published.status === 'refused') return published;
  const what = `version "${version}" of project "${id}"`;
  return found({ project: project.value, status: published.value.status, what });
}

function refuseDeployed(
  state: FleetState,
  { project, version, what }: Named & { readonly what: string },
): Refused | undefined {
  for (const group of state.groupById.values()) {
    const deployment = group.deploymentByProject.get(project);
    if (deployment === undefined) continue;
    const fallsBack = version !== undefined && deployment.lastGood?.version === version;
    if (version !== undefined && deployment.version !== version && !fallsBack) continue;
    const keeps = fallsBack ? `keeps ${what} to go back to until a newer one has succeeded` : `carries ${what}`;
    return refuse({
      code: 'project-deployed',
      message: `group "${group.name}" ${keeps}`,
      next: `muster undeploy ${project} ${group.name}`,
    });
  }
  return undefined;
}

function dataOf({ project, version }: Named) {
  return { project, ...(version === undefined ? {} : { version }) };
}
