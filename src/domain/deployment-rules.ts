/** What a group shall carry. */
import type { CommandPayload } from '../../schemas/commands.ts';
import { findGroup, findProject, findVersion } from './find.ts';
import { deploymentsPerGroupMax } from './limits.ts';
import { refuseRetired } from './project-rules.ts';
import { type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState } from './state.ts';
import { list, quote } from './wording.ts';

export function requestDeployment(state: FleetState, payload: CommandPayload<'deployment.request'>): Ruling {
  const { project: projectId, version } = payload;
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const project = findProject(state, projectId);
  if (project.status === 'refused') return project;
  const published = findVersion(project.value, version);
  if (published.status === 'refused') return published;

  const { id, name, deploymentByProject } = group.value;
  const { digest, bytes, status } = published.value;
  const what = `version "${version}" of project "${projectId}"`;
  if (project.value.status === 'retired') return refuseRetired(`project "${projectId}"`);
  if (status === 'retired') return refuseRetired(what);
  const carried = deploymentByProject.get(projectId);
  if (carried?.version === version) return unchanged(`group "${name}" carries ${what} already`);
  if (carried === undefined && deploymentByProject.size >= deploymentsPerGroupMax) {
    return refuse({
      code: 'limit-reached',
      message: `group "${name}" carries ${deploymentsPerGroupMax} projects, as many as it may`,
    });
  }
  const warnings = [
    ...(project.value.status === 'deprecated' ? [`project "${projectId}" is deprecated`] : []),
    ...(status === 'deprecated' ? [`${what} is deprecated`] : []),
  ];
  return accept(
    { type: 'deployment.requested', data: { group: id, project: projectId, version, digest, bytes } },
    warnings,
  );
}

export function withdrawDeployment(state: FleetState, payload: CommandPayload<'deployment.withdraw'>): Ruling {
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const { id, name, deploymentByProject } = group.value;
  if (!deploymentByProject.has(payload.project)) {
    const carries = deploymentByProject.size === 0 ? 'nothing' : list(deploymentByProject.keys());
    return refuse({
      code: 'unknown-deployment',
      message: `group "${name}" does not carry project ${quote(payload.project)}; it carries ${carries}`,
      field: 'project',
    });
  }
  return accept({ type: 'deployment.withdrawn', data: { group: id, project: payload.project } });
}
