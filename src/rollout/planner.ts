/**
 * What the leader shall do about a group's rollouts now.
 *
 * Promises: pure and level-triggered. The same state, observations and time give the same plan; a leader that has just
 * begun plans as the one before it would have, since all it counts by is in the log. What it has not heard it waits
 * for. Never more servers in motion than the limits allow, and every rollout that runs ends by its gates or deadlines.
 * Must not know who asks, or what was proposed before.
 *
 * Duties of the caller: hands in acknowledged state; calls `noteTraffic` before; asks again when the group, one of its
 * members or a member's heartbeat changes, and at `wakeAt`; keeps one proposal of a rollout under way at a time.
 */
import type { FleetState, Group, Rollout } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import { never } from '../std/failure.ts';
import type { GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { About, RolloutPlan, RolloutProposal, Shared } from './about.ts';
import { waits } from './about.ts';
import { judge } from './gates.ts';
import { inMotion, limitOf } from './limits.ts';
import { planRollBack } from './rolling-back.ts';
import { bakeMsOf, planRunning } from './running.ts';

export interface RolloutsPlan {
  readonly proposals: RolloutProposal[];
  /** The earliest time at which silence alone changes the plan; null: there is none. */
  readonly wakeAt: number | null;
}

/** In the order the rollouts were asked for. Costs one pass over the group for each, nothing without any. */
export function planRollouts(state: FleetState, groupId: GroupId, observed: Observed, now: number): RolloutsPlan {
  const plans = [...plansOf(state, groupId, { observed, now })].map(([, plan]) => plan);
  const times = plans.map(({ wakeAt }) => wakeAt).filter((at) => at !== null);
  return {
    proposals: plans.flatMap(({ proposals }) => proposals),
    wakeAt: times.length === 0 ? null : Math.min(...times),
  };
}

/** Each rollout of the group under way with what it does or waits for: what a screen says comes next. */
export function plansOf(
  state: FleetState,
  groupId: GroupId,
  { observed, now }: { readonly observed: Observed; readonly now: number },
): Map<Rollout, RolloutPlan> {
  const plans = new Map<Rollout, RolloutPlan>();
  const group = state.groupById.get(groupId);
  if (group === undefined || group.rolloutById.size === 0) return plans;
  const at = Math.max(state.at, now);
  const moving = inMotion(state, group);
  const limit = limitOf(group);
  const [told, begun] = [new Set<ServerId>(), new Set<Position>()];
  const abouts = inOrder(group).map((rollout) => aboutOf({ state, group, rollout, observed, at }));
  // One alone has no others to leave anybody to, and judging costs a pass over all it told.
  const judgedBy = new Map(abouts.length < 2 ? [] : abouts.map((about) => [about.rollout.id, underJudgement(about)]));
  for (const about of abouts) {
    const others = [...judgedBy].filter(([id]) => id !== about.rollout.id).flatMap(([, servers]) => servers);
    const plan = planOf(about, { moving, limit, judgedByOthers: new Set(others), told, begun });
    if (goesBack(plan)) for (const id of about.rollout.moved) moving.add(id);
    plans.set(about.rollout, plan);
  }
  return plans;
}

/** Everybody it told is told again by that, at once. */
function goesBack({ proposals }: RolloutPlan): boolean {
  return proposals.some((proposal) => proposal.type === 'rollout.failed' && proposal.data.next === 'roll-back');
}

function planOf(about: About, shared: Shared): RolloutPlan {
  const { status } = about.rollout;
  switch (status) {
    case 'running':
      return planRunning(about, shared);
    case 'rolling-back':
      return planRollBack(about);
    case 'paused':
      return waits('waits for a person: resume, promote or abort');
    case 'halted':
      return waits('waits for a person: retry or abort');
    default:
      return never(status);
  }
}

function inOrder(group: Group): Rollout[] {
  return [...group.rolloutById.values()].sort((a, b) => a.id - b.id);
}

function aboutOf(given: Omit<About, 'target'>): About {
  const { targets, target: index } = given.rollout;
  const target = targets[index];
  if (target === undefined) throw new Error(`invariant broken: a rollout has its target: ${given.rollout.id}`);
  return { ...given, target };
}

/** Its batch, while its gate has yet to pass. Deadlines bound that. */
function underJudgement(about: About): ServerId[] {
  const { rollout } = about;
  if (rollout.status !== 'running' || rollout.batch.length === 0) return [];
  return judge(about, { bakeMs: bakeMsOf(about) }).status === 'waits' ? [...rollout.batch] : [];
}
