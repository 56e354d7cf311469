/** Policies as people set them: any part of one, over one that is whole. */
import type { GroupPolicy, GroupPolicyChange } from '../../schemas/policy.ts';
import { type Amount, defaultRolloutPolicy, type RolloutPolicy, type Strategy } from '../../schemas/rollout.ts';
import { never } from '../std/failure.ts';

/** Any part of `T`, as a body may hold it. */
type Part<T> = { readonly [K in keyof T]?: T[K] | undefined };

const rolloutFields = Object.keys(defaultRolloutPolicy) as (keyof RolloutPolicy)[];

export function overlayGroup(base: GroupPolicy, change: GroupPolicyChange | undefined): GroupPolicy {
  return {
    drainTimeoutMs: change?.drainTimeoutMs ?? base.drainTimeoutMs,
    leaseMs: change?.leaseMs ?? base.leaseMs,
    syncsMax: change?.syncsMax ?? base.syncsMax,
    floorPercent: change?.floorPercent ?? base.floorPercent,
    floorWindowMs: change?.floorWindowMs ?? base.floorWindowMs,
    rollout: overlayRollout(base.rollout, change?.rollout),
  };
}

/**
 * A strategy is set whole: half of one means nothing. Null is a value: what is not looked at. Who names a strategy and
 * no limit means what the strategy says: two at a time are two at a time.
 */
export function overlayRollout(base: RolloutPolicy, change: Part<RolloutPolicy> | undefined): RolloutPolicy {
  const set = rolloutFields.filter((field) => change?.[field] !== undefined);
  const overlaid: RolloutPolicy = Object.assign({ ...base }, ...set.map((field) => ({ [field]: change?.[field] })));
  if (change?.strategy === undefined || change.maxUnavailable !== undefined) return overlaid;
  return { ...overlaid, maxUnavailable: unavailableBy(change.strategy) ?? overlaid.maxUnavailable };
}

/** How many the strategy itself takes at a time; undefined: a blue-green's standby part is beside the limit. */
function unavailableBy(strategy: Strategy): Amount | undefined {
  switch (strategy.kind) {
    case 'all-at-once':
      return '100%';
    case 'rolling':
    case 'canary':
      return strategy.batch;
    case 'blue-green':
      return undefined;
    default:
      return never(strategy);
  }
}

/** Policies are plain data in which order means nothing but in lists. */
export function samePolicy(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [fields, others] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(fields);
  return names.length === Object.keys(others).length && names.every((name) => samePolicy(fields[name], others[name]));
}
