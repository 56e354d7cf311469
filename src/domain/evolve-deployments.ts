/** The fold of deployments: what a group shall carry, and how rollouts begin and end. A deployment is replaced, never written into. */
import type { Event, EventHead } from '../../schemas/events.ts';
import type { GroupId, ProjectId } from '../../schemas/ids.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { retell } from './evolve-desired.ts';
import { pastRolloutsMax } from './limits.ts';
import { probeOf } from './probe.ts';
import { lastGoodOf } from './release.ts';
import type { FleetState, Group, PastRollout, ProjectRelease, Rollout, RolloutTarget } from './state.ts';

export function deploymentRequested(state: FleetState, event: Event<'deployment.requested'>): void {
  const { group, project, version, digest, bytes, rollout: policy, tellsAll = false } = event.data;
  const release = { version, digest, bytes, probe: probeOf(policy, project) };
  begin(state, { event, group, policy, releases: [[project, release]], tellsAll });
}

export function releaseRequested(state: FleetState, event: Event<'release.requested'>): void {
  const { group, projects, rollout: policy } = event.data;
  const releases = projects.map(({ project, version, digest, bytes }): [ProjectId, ProjectRelease] => {
    return [project, { version, digest, bytes, probe: probeOf(policy, project) }];
  });
  begin(state, { event, group, policy, releases, tellsAll: false });
}

export function deploymentWithdrawn(state: FleetState, event: Event<'deployment.withdrawn'>): void {
  const { group: groupId, project } = event.data;
  const group = state.groupById.get(groupId);
  if (group === undefined) return;
  const withdrawn = rolloutsWith(group, [project]);
  retell(state, { event, group, projects: [project, ...withdrawn.flatMap(projectsOf)] }, () => {
    for (const rollout of withdrawn) {
      end(group, rollout, { event, status: 'withdrawn', reason: `project ${project} was withdrawn` });
    }
    group.deploymentByProject.delete(project);
  });
}

/** Who was not moved, being lost or kept out, shall hold the version too from here on. */
export function rolloutSucceeded(state: FleetState, event: Event<'rollout.succeeded'>): void {
  ended(state, event, () => ({ status: 'succeeded', reason: event.reason ?? '' }));
}

/** Whoever has yet to prove the version from before is a member like any other from here on. */
export function rolloutRolledBack(state: FleetState, event: Event<'rollout.rolled-back'>): void {
  ended(state, event, ({ reason }) => ({ status: 'rolled-back', reason }));
}

/** As old logs say that a rollout has succeeded. */
export function deploymentSucceeded(state: FleetState, event: Event<'deployment.succeeded'>): void {
  const group = state.groupById.get(event.data.group);
  const deployment = group?.deploymentByProject.get(event.data.project);
  if (deployment === undefined || deployment.version !== event.data.version || deployment.rollout === null) return;
  const rollout = group?.rolloutById.get(deployment.rollout);
  if (group === undefined || rollout === undefined) return;
  retell(state, { event, group, projects: projectsOf(rollout) }, () => {
    end(group, rollout, { event, status: 'succeeded', reason: '' });
  });
}

export function projectsOf({ targets }: Pick<Rollout, 'targets'>): ProjectId[] {
  return targets.map(({ project }) => project);
}

/** Rollouts under way that have any of the projects. */
export function rolloutsWith(group: Pick<Group, 'rolloutById'>, projects: readonly ProjectId[]): Rollout[] {
  return [...group.rolloutById.values()].filter((rollout) =>
    rollout.targets.some(({ project }) => projects.includes(project)),
  );
}

interface Begun {
  readonly event: EventHead;
  readonly group: GroupId;
  readonly policy: RolloutPolicy;
  readonly releases: readonly (readonly [ProjectId, ProjectRelease])[];
  readonly tellsAll: boolean;
}

function begin(state: FleetState, { event, group: groupId, policy, releases, tellsAll }: Begun): void {
  const group = state.groupById.get(groupId);
  if (group === undefined || releases.length === 0) return;
  const { position } = event;
  const projects = releases.map(([project]) => project);
  const superseded = rolloutsWith(group, projects);
  retell(state, { event, group, projects: [...new Set([...projects, ...superseded.flatMap(projectsOf)])] }, () => {
    const reason = `superseded at position ${position} by ${releases.map(([id, to]) => `${id} ${to.version}`).join(', ')}`;
    for (const rollout of superseded) end(group, rollout, { event, status: 'superseded', reason });
    const targets: RolloutTarget[] = [];
    for (const [project, to] of releases) {
      const from = lastGoodOf(group.deploymentByProject.get(project));
      const deployment = { project, ...to, changedAt: position, succeededAt: null, lastGood: from, rollout: position };
      group.deploymentByProject.set(project, deployment);
      targets.push({ project, from, to });
    }
    const rollout = newRollout(event, { targets, policy });
    group.rolloutById.set(position, rollout);
    if (tellsAll) Object.assign(rollout, { step: 0, moved: new Set(group.servers), batch: [...group.servers].sort() });
  });
}

function newRollout({ position, at }: EventHead, { targets, policy }: Pick<Rollout, 'targets' | 'policy'>): Rollout {
  return {
    id: position,
    askedAt: at,
    targets,
    policy,
    status: 'running',
    reason: '',
    pausedBy: null,
    target: 0,
    step: -1,
    moved: new Set(),
    waiting: new Set(),
    batch: [],
    since: position,
    stepAt: at,
    progressAt: at,
    promoted: null,
    standby: null,
  };
}

type Over = Pick<PastRollout, 'status' | 'reason'>;

function ended(
  state: FleetState,
  event: Event<'rollout.succeeded' | 'rollout.rolled-back'>,
  as: (rollout: Rollout) => Over,
): void {
  const group = state.groupById.get(event.data.group);
  const rollout = group?.rolloutById.get(event.data.rollout);
  if (group === undefined || rollout === undefined) return;
  retell(state, { event, group, projects: projectsOf(rollout) }, () => {
    end(group, rollout, { event, ...as(rollout) });
  });
}

interface Ended extends Over {
  readonly event: EventHead;
}

/** Forward, the projects stay at what was asked for; any other way they are again what they were before. */
function end(group: Group, { id, targets, askedAt }: Rollout, { event, status, reason }: Ended): void {
  const { position, at } = event;
  group.rolloutById.delete(id);
  for (const { project, from } of targets) {
    const deployment = group.deploymentByProject.get(project);
    if (deployment === undefined || deployment.rollout !== id) continue;
    const over = { succeededAt: position, lastGood: null, rollout: null };
    if (status === 'succeeded') group.deploymentByProject.set(project, { ...deployment, ...over });
    else if (from === null) group.deploymentByProject.delete(project);
    else group.deploymentByProject.set(project, { project, ...from, changedAt: position, ...over });
  }
  const past = { id, targets, status, reason, askedAt, endedAt: at, ended: position };
  group.pastRollouts = [...group.pastRollouts, past].slice(-pastRolloutsMax);
}
