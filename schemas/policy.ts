/** A group's policy: what an operator may tune, each with its meaning, unit and default. */
import { z } from 'zod';
import { defaultRolloutPolicy, RolloutPolicy, StoredRolloutPolicy } from './rollout.ts';

/** How long a leaving server may finish requests before it is cut off. HAProxy and Envoy users pick 30 s most. */
export const drainTimeoutMsDefault = 30_000;
export const drainTimeoutMsMax = 3_600_000;

/** Beats that a lease is made of: silence counts once so many were missed. */
export const beatsPerLease = 6;
/** Silence after which a server counts as lost. Consul and Nomad take 10 s and more by default. */
export const leaseMsDefault = 6_000;
/** Servers of a group that sync at the same time: bounds what a storm of joins asks of the bundle store. */
export const syncsMaxDefault = 10;
/** Share of its servers that a pool keeps through missing heartbeats, as Envoy's panic threshold does by default. */
export const floorPercentDefault = 50;
/** How far back the floor looks for what the pool was: absences within it count together. */
export const floorWindowMsDefault = 300_000;

export const GroupPolicy = z.strictObject({
  /** Milliseconds from the order to leave the pool to the deadline of the drain. */
  drainTimeoutMs: z.int().min(0).max(drainTimeoutMsMax),
  /** Milliseconds of silence after which a server is lost. */
  leaseMs: z.int().min(1_000).max(3_600_000),
  /** Servers that sync into the group at the same time, at most. */
  syncsMax: z.int().min(1).max(10_000),
  /** Absence alone never takes the pool below this share of what it was, and never to nothing. */
  floorPercent: z.int().min(0).max(100),
  /** Milliseconds over which absences count together against the floor. */
  floorWindowMs: z.int().min(0).max(86_400_000),
  /** How new versions reach the group, where a request says nothing else. */
  rollout: RolloutPolicy,
});
export type GroupPolicy = z.infer<typeof GroupPolicy>;

/** A policy as an event holds it: read loosely, so that a setting of a later version is no error. Upcasters lift older ones. */
export const StoredPolicy = z.object({ ...GroupPolicy.shape, rollout: StoredRolloutPolicy });

export const defaultGroupPolicy: GroupPolicy = {
  drainTimeoutMs: drainTimeoutMsDefault,
  leaseMs: leaseMsDefault,
  syncsMax: syncsMaxDefault,
  floorPercent: floorPercentDefault,
  floorWindowMs: floorWindowMsDefault,
  rollout: defaultRolloutPolicy,
};

/** What may be set of a policy: any part, of the rollout's too. */
export const GroupPolicyChange = GroupPolicy.omit({ rollout: true })
  .partial()
  .extend({ rollout: RolloutPolicy.partial().optional() });
export type GroupPolicyChange = z.infer<typeof GroupPolicyChange>;
