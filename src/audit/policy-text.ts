/** Policies in one line each, for people: events, pages and trees say them in the same words. Pure. */
import type { GroupPolicy } from '../../schemas/policy.ts';
import type { RolloutPolicy } from '../../schemas/rollout.ts';
import { durationText } from '../std/durations.ts';

/** How the group is run, and how new versions reach it. */
export function groupPolicyText(policy: GroupPolicy): string {
  const { drainTimeoutMs, leaseMs, syncsMax, floorPercent, floorWindowMs, rollout } = policy;
  const run = [
    `drains for ${durationText(drainTimeoutMs)} at most`,
    `lease ${durationText(leaseMs)}`,
    `${syncsMax} sync at a time`,
    `floor ${floorPercent} % within ${durationText(floorWindowMs)}`,
  ].join(', ');
  return `${run}; rollouts: ${rolloutPolicyText(rollout)}`;
}

/** A policy in one line; what is off is left out. */
export function rolloutPolicyText(policy: RolloutPolicy): string {
  const { change, maxUnavailable, minHealthyMs, failuresAllowed, autoRollback } = policy;
  const { errorRateMax, latencyRatioMax, probe } = policy;
  return [
    strategyText(policy.strategy),
    change,
    `${maxUnavailable} in motion at most`,
    `healthy for ${durationText(minHealthyMs)}`,
    ...(failuresAllowed === 0 ? [] : [`${failuresAllowed} may fail`]),
    autoRollback ? 'back by itself' : 'halts when it fails',
    ...(errorRateMax === null ? [] : [`at most ${errorRateMax * 100} % more errors`]),
    ...(latencyRatioMax === null ? [] : [`at most ${latencyRatioMax} times as slow`]),
    ...(probe === null ? [] : [`${probe.path} has to answer`]),
  ].join(', ');
}

function strategyText(strategy: RolloutPolicy['strategy']): string {
  switch (strategy.kind) {
    case 'all-at-once':
      return 'all at once';
    case 'rolling':
      return `rolling by ${strategy.batch}`;
    case 'canary': {
      const steps = strategy.steps.map(({ servers, bakeMs = 0, pause = false }) =>
        [servers, ...(bakeMs === 0 ? [] : [durationText(bakeMs)]), ...(pause ? ['pause'] : [])].join(':'),
      );
      return `canary ${steps.join(',')} then by ${strategy.batch}`;
    }
    case 'blue-green':
      return `blue-green with ${strategy.standby} standing by, kept ${durationText(strategy.keepMs)}`;
  }
}
