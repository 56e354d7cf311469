/** Rollouts as people read them. By the log's time: what a view says comes next is what the plan says of it. */
import { statusOf } from '../domain/membership.ts';
import { desiredRelease } from '../domain/release.ts';
import type { FleetState, Group, PastRollout, Rollout, RolloutTarget } from '../domain/state.ts';
import { inMotion, limitOf } from '../rollout/limits.ts';
import { plansOf } from '../rollout/planner.ts';
import type { RolloutPlan } from '../rollout/about.ts';
import { standingOf } from '../rollout/standing.ts';
import type { Standing } from '../rollout/standing.ts';
import type { Position } from '../../schemas/ids.ts';
import { amountOf } from '../../schemas/rollout.ts';
import type { RolloutView } from '../../schemas/views.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { membersOf } from './server-view.ts';

type Progress = NonNullable<RolloutView['progress']>;

interface Asked {
  readonly group: Group;
  /** The one of this request; undefined: all of them. */
  readonly only?: Position | undefined;
}

/** Those under way by their request, then those that are over, newest first. */
export function rolloutViews(state: FleetState, observed: Observed, { group, only }: Asked): RolloutView[] {
  const isAsked = ({ id }: Pick<Rollout, 'id'>) => only === undefined || id === only;
  const past = [...group.pastRollouts].reverse().filter(isAsked);
  return [...underWayViews(state, observed, { group, only }), ...past.map((one) => pastView(group, one))];
}

/** Sorted by group. */
export function allRolloutViews(state: FleetState, observed: Observed, only?: Position): RolloutView[] {
  const groups = [...state.groupById.values()].sort((a, b) => byText(a.id, b.id));
  return groups.flatMap((group) => rolloutViews(state, observed, { group, only }));
}

/** What one of them waits for hangs on all of them: none is planned where none is asked for. */
function underWayViews(state: FleetState, observed: Observed, { group, only }: Asked): RolloutView[] {
  if (only !== undefined && !group.rolloutById.has(only)) return [];
  const plans = [...plansOf(state, group.id, { observed, now: state.at })];
  return plans
    .filter(([{ id }]) => only === undefined || id === only)
    .map(([rollout, plan]) => ({
      ...headOf(group, rollout),
      status: rollout.status,
      reason: rollout.reason,
      endedAt: null,
      ended: null,
      progress: progressOf({ state, observed, group, rollout, plan }),
    }));
}

/** One line, for a list of laggards. */
export function rolloutText({ targets, status, target, step, moved, reason }: Rollout): string {
  const what = targets.map(({ project, to }) => `${project}@${to.version}`).join(', ');
  const of = targets.length > 1 ? `${targets[target]?.project ?? ''}, ` : '';
  const where =
    step < 0 ? 'not begun' : `${of}step ${step + 1}, ${moved.size} ${moved.size === 1 ? 'server' : 'servers'} told`;
  return [`${status}: ${what} (${where})`, reason].filter((text) => text !== '').join('; ');
}

function pastView(group: Group, past: PastRollout): RolloutView {
  const { status, reason, endedAt, ended } = past;
  return { ...headOf(group, past), status, reason, endedAt, ended, progress: null };
}

function headOf({ id: group }: Group, of: Pick<Rollout, 'id' | 'askedAt' | 'targets'>) {
  const targets = of.targets.map(({ project, from, to }: RolloutTarget) => ({
    project,
    from: from?.version ?? null,
    to: to.version,
  }));
  return { group, rollout: of.id, askedAt: of.askedAt, targets };
}

interface UnderWay {
  readonly state: FleetState;
  readonly observed: Observed;
  readonly group: Group;
  readonly rollout: Rollout;
  readonly plan: RolloutPlan;
}

function progressOf(of: UnderWay): Progress {
  const { state, group, rollout, plan } = of;
  const { policy, target, step, standby, moved, batch } = rollout;
  const members = group.servers.size;
  const servers = serversOf(of);
  return {
    policy,
    target,
    step,
    members,
    moved: moved.size,
    healthy: servers.filter(({ standing }) => standing === 'healthy').length,
    inMotion: inMotion(state, group).size,
    // One that is paused or halted limits nobody; it would itself as soon as it runs.
    inMotionMax: Math.min(limitOf(group), amountOf(policy.maxUnavailable, members)),
    steps: stepsOf(rollout, members),
    batch: [...batch],
    standby: standby === null ? null : { servers: [...standby.servers].sort(byText), switchedAt: standby.switchedAt },
    servers,
    gate: gateOf(rollout),
    next: nextText(plan),
    nextAt: plan.wakeAt,
  };
}

function serversOf({ state, observed, group, rollout }: UnderWay): Progress['servers'] {
  const target = rollout.targets[rollout.target];
  if (target === undefined) return [];
  const about = { state, observed, group, rollout, target, at: state.at };
  const deployment = group.deploymentByProject.get(target.project);
  return membersOf(state, group.id)
    .sort((a, b) => byText(a.server.id, b.server.id))
    .map(({ server }) => {
      const standing = rollout.moved.has(server.id) ? standingOf(about, server.id) : null;
      const release = deployment === undefined ? null : desiredRelease(group, deployment, server);
      const { id, sinceAt } = server;
      return { server: id, status: statusOf(server), sinceAt, version: release?.version ?? null, ...wordsOf(standing) };
    });
}

function wordsOf(standing: Standing | null): Pick<Progress['servers'][number], 'standing' | 'healthySince' | 'text'> {
  if (standing === null) return { standing: 'untold', healthySince: null, text: '' };
  const healthySince = standing.status === 'healthy' ? standing.since : null;
  return { standing: standing.status, healthySince, text: 'text' in standing ? standing.text : '' };
}

function stepsOf({ policy: { strategy } }: Rollout, members: number): Progress['steps'] {
  if (strategy.kind !== 'canary') return [];
  return strategy.steps.map(({ servers, bakeMs = 0, pause = false }) => ({
    servers: amountOf(servers, members),
    bakeMs,
    pause,
  }));
}

function gateOf({ status, stepAt, progressAt, policy }: Rollout): Progress['gate'] {
  if (status !== 'running') return null;
  return {
    healthyDeadlineAt: stepAt + policy.healthyDeadlineMs,
    progressDeadlineAt: progressAt + policy.progressDeadlineMs,
  };
}

function nextText({ waitsFor, proposals: [proposal] }: RolloutPlan): string {
  switch (proposal?.type) {
    case undefined:
      return waitsFor;
    case 'rollout.advanced':
      return `tells ${counted(proposal.data.servers)}`;
    case 'rollout.switched':
      return `switches from ${counted(proposal.data.from)} to ${proposal.data.to.length}`;
    case 'rollout.paused':
      return 'pauses, as its step says';
    case 'rollout.failed':
      return `fails: ${proposal.data.reason}`;
    case 'rollout.rolled-back':
      return 'is rolled back';
    case 'rollout.succeeded':
      return 'succeeds';
  }
}

function counted({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? 'server' : 'servers'}`;
}
