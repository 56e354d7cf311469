/** A rollout that runs: judge the present step, then take the next one, the next project, or the end. */
import { isWitness } from '../domain/release.ts';
import type { About, RolloutPlan, Shared } from './about.ts';
import { does, waits } from './about.ts';
import { advance, heldUpBy, movedIn, verdictPlan, waitsForStandby } from './advancing.ts';
import { candidatesOf } from './candidates.ts';
import type { Verdict } from './gates.ts';
import { failedBy, judge } from './gates.ts';
import type { Hold } from './strategies/sizing.ts';
import { noHold } from './strategies/sizing.ts';
import { holdAfter } from './strategies/strategy.ts';
import { keepsOldUntil, switchOver } from './switching.ts';

/** Nobody else's: a hold is reckoned by the group alone. */
const nobody: Shared = { moving: new Set(), limit: 0, judgedByOthers: new Set(), told: new Set(), begun: new Set() };

type Passed = Extract<Verdict, { status: 'passed' }>;

export function planRunning(about: About, shared: Shared): RolloutPlan {
  const { rollout } = about;
  if (rollout.step < 0) {
    if (about.group.servers.size === 0) return waits('waits for a first server: who joins proves it');
    const first = { target: rollout.target, step: 0, passed: null };
    return heldUpBy(about, shared) ?? advance(about, first, shared) ?? waits('waits for a server that can be told');
  }
  const hold = holdOf(about);
  const verdict = judge(about, hold);
  if (verdict.status !== 'passed') return verdictPlan(about, verdict);
  if (rollout.standby !== null && rollout.standby.switchedAt === null)
    return switchOrReplace(about, { verdict, shared });
  const keptUntil = keepsOldUntil(about);
  if (keptUntil !== null) return waits('keeps the old part as it was', keptUntil);
  if (hold.pause && rollout.promoted === null) return pause(about, verdict);
  const next = { target: rollout.target, step: rollout.step + 1, passed: verdict.evidence };
  return advance(about, next, shared) ?? finish(about, { verdict, shared });
}

/** Without anybody left of the standby part, another one stands by: the step is taken once more. */
function switchOrReplace(about: About, { verdict, shared }: Judged): RolloutPlan {
  const { rollout } = about;
  if (verdict.standings.some(({ status }) => status === 'healthy')) return switchOver(about, verdict);
  const failed = failedBy(about, verdict.standings, 0);
  if (failed !== null) return verdictPlan(about, failed);
  const again = { target: rollout.target, step: rollout.step, passed: null };
  return advance(about, again, shared) ?? waits(waitsForStandby);
}

interface Judged {
  readonly verdict: Passed;
  readonly shared: Shared;
}

/** How long the present step is watched beyond the policy's own time. */
export function bakeMsOf(about: About): number {
  return holdOf(about).bakeMs;
}

function holdOf(about: About): Hold {
  const { group, rollout, target } = about;
  if (target.from === null) return noHold;
  const candidates = candidatesOf(about, { target: rollout.target }, nobody).length;
  return holdAfter(rollout.policy.strategy, { members: group.servers.size, moved: movedIn(about), candidates });
}

/** Told it shall be, once the other rollout lets go of it. */
function isSomebodyUntold({ state, group, rollout, target }: About): boolean {
  if (target.from === null) return false;
  return [...group.servers].some((id) => {
    const server = state.serverById.get(id);
    return server !== undefined && !rollout.moved.has(id) && isWitness(group, server);
  });
}

function pause({ group, rollout }: About, { evidence: passed }: Passed): RolloutPlan {
  const data = { group: group.id, rollout: rollout.id, by: 'step' as const, passed };
  return does({ type: 'rollout.paused', data });
}

/** Success is somebody's: with nobody who holds it, it waits for one. Whoever was judged before may be at it again. */
function finish(about: About, { verdict, shared }: Judged): RolloutPlan {
  const { group, rollout } = about;
  const pending = verdict.standings.filter((each) => each.status === 'pending');
  const [first] = pending;
  if (first !== undefined) {
    const times = pending.map(({ overdueAt }) => overdueAt).filter((at) => at !== null);
    return waits(`${first.server} ${first.text}`, times.length === 0 ? null : Math.min(...times));
  }
  const servers = verdict.standings.filter(({ status }) => status === 'healthy').length;
  if (servers === 0) {
    // However many may fail: of those that tried it, somebody has to hold it.
    const failed = failedBy(about, verdict.standings, 0);
    return failed === null ? waits('waits for a server that holds the new version') : verdictPlan(about, failed);
  }
  if (isSomebodyUntold(about)) return waits('waits for servers that another rollout has in its hands');
  if (rollout.target + 1 < rollout.targets.length) {
    const next = { target: rollout.target + 1, step: 0, passed: verdict.evidence };
    return advance(about, next, shared) ?? waits('waits for a server that can be told');
  }
  return does({
    type: 'rollout.succeeded',
    data: { group: group.id, rollout: rollout.id, evidence: { servers } },
  });
}
