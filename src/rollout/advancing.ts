/** The next step of a rollout that runs: whom to tell, within what all rollouts of the group may move together. */
import { isInPool } from '../domain/membership.ts';
import type { FleetState } from '../domain/state.ts';
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { About, RolloutPlan, Shared } from './about.ts';
import { does, waits } from './about.ts';
import { candidatesOf } from './candidates.ts';
import type { Verdict } from './gates.ts';
import { noProgress } from './gates.ts';
import { protectsNothing, withinLimit } from './limits.ts';
import { concerns, standingOf } from './standing.ts';
import { sizeOf } from './strategies/strategy.ts';

interface Step {
  /** Which project of the rollout, and which step of it. */
  readonly target: number;
  readonly step: number;
  readonly passed: GateEvidence | null;
}

/** Of a blue-green that has nobody to begin with. */
export const waitsForStandby = 'waits for a server that can stand by';

/** Null: nobody is left to tell. */
export function advance(about: About, next: Step, shared: Shared): RolloutPlan | null {
  const { group, rollout } = about;
  const candidates = candidatesOf(about, next, shared).map(({ id }) => id);
  if (candidates.length === 0) return null;
  const servers = chosen(about, { next, candidates, shared });
  if (servers.length === 0) return blocked(about, shared);
  for (const id of servers) {
    shared.moving.add(id);
    shared.told.add(id);
  }
  shared.begun.add(rollout.id);
  return does({
    type: 'rollout.advanced',
    data: { group: group.id, rollout: rollout.id, ...next, servers: [...servers] },
  });
}

/**
 * A blue-green moves the whole pool, other rollouts' servers among it: it begins once none of them is on its way, and
 * none of them begins before it is over. Null: nothing holds this one up.
 */
export function heldUpBy({ group, rollout }: About, { begun }: Shared): RolloutPlan | null {
  if (rollout.step >= 0) return null;
  for (const other of group.rolloutById.values()) {
    if (other.id === rollout.id || (other.step < 0 && !begun.has(other.id))) continue;
    const kinds = [rollout.policy.strategy.kind, other.policy.strategy.kind];
    if (kinds.includes('blue-green')) return waits(`waits for rollout ${other.id} to be over`);
  }
  return null;
}

/** Told by the log to hold the present version, and still here. */
export function movedIn({ state, group, rollout }: About): number {
  let count = 0;
  for (const id of rollout.moved) if (state.serverById.get(id)?.member?.group === group.id) count += 1;
  return count;
}

/**
 * Who is in no pool cannot stand by: it would enter as soon as it has proved the version. Nor can one that a person has
 * cordoned in it: once out, it could not come back.
 */
function mayStandBy(state: FleetState, id: ServerId): boolean {
  const member = state.serverById.get(id)?.member ?? null;
  return isInPool(member) && member?.cordon === null;
}

interface Choosing {
  readonly next: Step;
  readonly candidates: readonly ServerId[];
  readonly shared: Shared;
}

function chosen(about: About, { next, candidates, shared }: Choosing): readonly ServerId[] {
  const { state, group, rollout } = about;
  if (protectsNothing(state, group, { rollout, target: next.target })) return candidates;
  const { strategy } = rollout.policy;
  const present = next.target === rollout.target ? movedIn(about) : 0;
  const { standby } = next.target === rollout.target ? rollout : { standby: null };
  // The only one in its pool took the version while it served: then there is nothing to switch, and the others follow.
  const isToStandBy =
    strategy.kind === 'blue-green' && (standby === null ? present === 0 : standby.switchedAt === null);
  // Whoever stood by before the switch and was taken away is made good for, by no more than there were.
  const moved = isToStandBy ? 0 : present;
  const size = sizeOf(strategy, { members: group.servers.size, moved, candidates: candidates.length });
  if (isToStandBy) {
    return shared.moving.size === 0 ? candidates.filter((id) => mayStandBy(state, id)).slice(0, size) : [];
  }
  if (strategy.kind === 'blue-green' && standby !== null) return candidates;
  const all = rollout.promoted === 'all' ? candidates.length : size;
  return withinLimit(candidates, { moving: shared.moving, limit: shared.limit, size: all });
}

/**
 * Other rollouts' servers come free by those rollouts' own deadlines, or by a person. What blocks it beside them may
 * never come free, and neither may a server of theirs that has given up within the failures they allow: two rollouts
 * could so wait for each other for ever. Then this one's deadline counts.
 */
function blocked(about: About, { moving, limit }: Shared): RolloutPlan {
  const { state, group, rollout } = about;
  const isBlueGreen = rollout.policy.strategy.kind === 'blue-green';
  if (isBlueGreen && moving.size === 0) return waits(`${waitsForStandby}: one in the pool and not cordoned`);
  const others = [...group.rolloutById.values()].filter(({ id }) => id !== rollout.id);
  const own = [...moving].filter((id) => {
    const holding = others.filter(({ moved }) => moved.has(id));
    const failing = state.serverById.get(id)?.member?.failing ?? null;
    if (failing?.final === true && holding.every(({ status }) => status === 'running')) return true;
    if (failing !== null && !concerns(about, failing)) return false;
    return rollout.moved.has(id) || holding.length === 0;
  });
  const what = `${moving.size} servers are in motion, ${limit} may be`;
  const isOwn = isBlueGreen ? own.length > 0 : own.length >= limit;
  if (!isOwn) return waits(what);
  const since = Math.max(rollout.progressAt, ...group.pastRollouts.map(({ endedAt }) => endedAt));
  const standings = [...rollout.moved].map((id) => standingOf(about, id));
  return verdictPlan(about, noProgress(about, { standings, since, what }));
}

/** What a verdict other than `passed` comes to. */
export function verdictPlan({ group, rollout }: About, verdict: Verdict): RolloutPlan {
  if (verdict.status === 'waits') return waits(verdict.for, verdict.until);
  if (verdict.status === 'passed') return waits('');
  const { cause, reason, evidence: failed } = verdict;
  const next = rollout.policy.autoRollback ? ('roll-back' as const) : ('halt' as const);
  const data = { group: group.id, rollout: rollout.id, cause, reason, next, failed };
  return does({ type: 'rollout.failed', data });
}
