/** Policies as people set them: any part of one, over one that is whole. */
import type { GroupPolicy, GroupPolicyChange } from '../../schemas/policy.ts';
import { type RolloutPolicy, defaultRolloutPolicy } from '../../schemas/rollout.ts';

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

/** A strategy is set whole: half of one means nothing. Null is a value: what is not looked at. */
export function overlayRollout(base: RolloutPolicy, change: Part<RolloutPolicy> | undefined): RolloutPolicy {
  const set = rolloutFields.filter((field) => change?.[field] !== undefined);
  return Object.assign({ ...base }, ...set.map((field) => ({ [field]: change?.[field] }))) as RolloutPolicy;
}

/** Policies are plain data in which order means nothing but in lists. */
export function samePolicy(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [fields, others] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(fields);
  return names.length === Object.keys(others).length && names.every((name) => samePolicy(fields[name], others[name]));
}
