/** What a group shall carry: versions asked for, one or several as a unit, back to an earlier one, or none any more. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import { findGroup } from './find.ts';
import { type Wanted, findCarried, refuseDeploymentsFull, wantedOf } from './find-release.ts';
import { succeededVersions } from './past-rollouts.ts';
import { refuseSharedProbe } from './probe.ts';
import { rolloutOf } from './release.ts';
import { overlayRollout } from './rollout-policy.ts';
import { type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState, Group } from './state.ts';
import { supersededBy, warnOfReturning } from './superseding.ts';
import { list } from './wording.ts';

export function requestDeployment(state: FleetState, payload: CommandPayload<'deployment.request'>): Ruling {
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  return requestOf(state, { ...payload, group: group.value });
}

/** What the group carries already, and has succeeded with, is left out: there is nothing to roll out. */
export function requestRelease(state: FleetState, payload: CommandPayload<'release.request'>): Ruling {
  const found = findGroup(state, payload.group);
  if (found.status === 'refused') return found;
  const group = found.value;
  const wanted: Wanted[] = [];
  const warnings: string[] = [];
  const names = new Set<ProjectId>();
  for (const { project, version } of payload.projects) {
    if (names.has(project)) {
      return refuse({ code: 'invalid', message: `project "${project}" is named twice`, field: 'projects' });
    }
    names.add(project);
    const one = wantedOf(state, { project, version });
    if (one.status === 'refused') return one;
    if (isCarried(group, one.value)) warnings.push(`group "${group.name}" carries ${one.value.what} already`);
    else wanted.push(one.value);
  }
  if (wanted.length === 0) return unchanged(`group "${group.name}" carries all of that already`);
  const full = refuseDeploymentsFull(group, wanted);
  if (full !== undefined) return full;
  const rollout = overlayRollout(group.policy.rollout, payload.rollout);
  const projects = wanted.map(({ release }) => release);
  const shared = refuseSharedProbe({ group, asked: payload.rollout?.probe, rollout, projects });
  if (shared !== undefined) return shared;
  const { rollouts, warnings: superseding } = supersededBy(group, projects);
  const supersedes = rollouts.map(({ id }) => id).sort((a, b) => a - b);
  return accept({ type: 'release.requested', data: { group: group.id, projects, rollout, supersedes } }, [
    ...warnings,
    ...wanted.flatMap(({ warnings: own }) => own),
    ...superseding,
  ]);
}

/** A new request, for a version this group succeeded with before: what did not work is nothing to go back to. */
export function rollBackDeployment(state: FleetState, payload: CommandPayload<'deployment.rollback'>): Ruling {
  const found = findGroup(state, payload.group);
  if (found.status === 'refused') return found;
  const group = found.value;
  const carried = findCarried(group, payload.project);
  if (carried.status === 'refused') return carried;
  const project = state.projectById.get(payload.project);
  const earlier = succeededVersions(group, carried.value).filter(
    (version) => project?.versionByName.get(version)?.status !== 'retired',
  );
  const version = payload.version ?? earlier[0];
  if (version !== undefined && version === carried.value.version && carried.value.rollout === null) {
    return unchanged(`group "${group.name}" carries version "${version}" of project "${payload.project}" already`);
  }
  if (version === undefined || !earlier.includes(version)) {
    const there = earlier.length === 0 ? 'there is none' : `there is ${list(earlier)}`;
    const what = version === undefined ? 'an earlier version' : `version "${version}"`;
    return refuse({
      code: 'unknown-version',
      message: `group "${group.name}" has not succeeded with ${what} of project "${payload.project}" before; ${there}`,
      field: 'version',
    });
  }
  return requestOf(state, { group, project: payload.project, version, rollout: payload.rollout });
}

export function withdrawDeployment(state: FleetState, payload: CommandPayload<'deployment.withdraw'>): Ruling {
  const found = findGroup(state, payload.group);
  if (found.status === 'refused') return found;
  const group = found.value;
  const carried = findCarried(group, payload.project);
  if (carried.status === 'refused') return carried;
  const rollout = rolloutOf(group, carried.value);
  const warnings =
    rollout === undefined
      ? []
      : [
          `the rollout of it, under way since position ${rollout.id}, ends`,
          ...warnOfReturning(rollout, [payload.project]),
        ];
  return accept({ type: 'deployment.withdrawn', data: { group: group.id, project: payload.project } }, warnings);
}

interface Requested {
  readonly group: Group;
  readonly project: ProjectId;
  readonly version: ProjectVersion;
  readonly rollout?: CommandPayload<'deployment.request'>['rollout'];
}

function requestOf(state: FleetState, { group, project, version, rollout: change }: Requested): Ruling {
  const found = wantedOf(state, { project, version });
  if (found.status === 'refused') return found;
  const wanted = found.value;
  const refusal = refuseUnderWay(group, wanted) ?? refuseDeploymentsFull(group, [wanted]);
  if (refusal !== undefined) return refusal;
  const { rollouts, warnings } = supersededBy(group, [wanted.release]);
  const rollout = overlayRollout(group.policy.rollout, change);
  const supersedes = rollouts[0]?.id ?? null;
  return accept({ type: 'deployment.requested', data: { group: group.id, ...wanted.release, rollout, supersedes } }, [
    ...wanted.warnings,
    ...warnings,
  ]);
}

/** What is being rolled back may be asked for again: that begins anew. */
function refuseUnderWay(group: Group, wanted: Wanted): Ruling | undefined {
  const { project, version } = wanted.release;
  const carried = group.deploymentByProject.get(project);
  if (carried?.version !== version) return undefined;
  const rollout = rolloutOf(group, carried);
  if (rollout === undefined) return unchanged(`group "${group.name}" carries ${wanted.what} already`);
  if (rollout.status === 'rolling-back') return undefined;
  return refuse({
    code: 'unchanged',
    message: `${wanted.what} is being rolled out on group "${group.name}" already: its rollout is ${rollout.status}`,
    ...(rollout.status === 'halted' ? { next: `muster rollout retry ${project} ${group.name}` } : {}),
  });
}

function isCarried(group: Group, { release }: Wanted): boolean {
  const carried = group.deploymentByProject.get(release.project);
  return carried?.version === release.version && carried.rollout === null;
}
