/** How a new version reaches a group: in which steps, under which gates. Each setting with meaning, unit and default. */
import { z } from 'zod';

/** Servers, as a count or as a share of the group, rounded up, never below one. */
export const Amount = z.union([
  z.int().min(1).max(100_000),
  z.string().regex(/^(100|[1-9][0-9]?)%$/, 'must be a count, or a share like "25%"'),
]);
export type Amount = z.infer<typeof Amount>;

const durationMs = z
  .int()
  .min(0)
  .max(30 * 24 * 3_600_000);

/** One step of a canary: up to so many servers hold the new version, then it bakes, then perhaps a person says go on. */
export const CanaryStep = z.strictObject({
  servers: Amount,
  /** Milliseconds the step is watched after its servers are healthy. */
  bakeMs: durationMs.optional(),
  /** Waits for `rollout promote` once baked. */
  pause: z.boolean().optional(),
});
export type CanaryStep = z.infer<typeof CanaryStep>;

export const Strategy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all-at-once') }),
  /** Batch after batch. Nomad: `max_parallel`; Kubernetes: `maxUnavailable` with `maxSurge: 0`. */
  z.strictObject({ kind: z.literal('rolling'), batch: Amount }),
  /** Steps, then the rest in batches. Argo Rollouts: `canary.steps` with `setWeight` and `pause`. */
  z.strictObject({ kind: z.literal('canary'), steps: z.array(CanaryStep).min(1).max(20), batch: Amount }),
  /**
   * A standby part leaves the pool, takes the new version and proves it; then one pool revision switches traffic to
   * it; the old part is kept as it was for a while, then follows. Argo Rollouts: `blueGreen`.
   */
  z.strictObject({ kind: z.literal('blue-green'), standby: Amount, keepMs: durationMs }),
]);
export type Strategy = z.infer<typeof Strategy>;

/** A probed path that is read later than this has not answered. Kubernetes takes 1 s, Consul 10 s; health checks here, 5 s. */
export const probeTimeoutMsDefault = 5_000;

/**
 * A path of the project that answers on a server before the version counts as healthy there, and for as long as it is
 * carried. Asked by GET at the gateway itself, as a client would; any status from 200 to 399 is an answer.
 */
export const Probe = z.strictObject({
  /** `{project}` stands for the project's name, so that one policy fits several. */
  path: z
    .string()
    .max(512)
    .regex(/^\/[!"$-~]*$/, 'must begin with "/" and hold visible ASCII alone (%-encode the rest), and no "#"'),
  /** Milliseconds it may take to answer. Default: 5,000. */
  timeoutMs: z.int().min(100).max(60_000).optional(),
});
export type Probe = z.infer<typeof Probe>;
/** As events and directives hold it: read loosely. */
export const StoredProbe = z.object({ ...Probe.shape, path: z.string() });

export const RolloutPolicy = z.strictObject({
  strategy: Strategy,
  /** `hot`: the gateway swaps atomically while it serves. `drain-first`: out of the pool, swap, back in. */
  change: z.enum(['hot', 'drain-first']),
  /** Servers of the group that rollouts together may have in motion (told, and not yet healthy again) at a time. */
  maxUnavailable: Amount,
  /** Milliseconds a server must hold the new version, healthy, before it counts. Nomad: `min_healthy_time` (10 s). */
  minHealthyMs: durationMs,
  /** Milliseconds one server may take to become healthy. Nomad: `healthy_deadline` (5 min). */
  healthyDeadlineMs: durationMs,
  /** Milliseconds without any server becoming healthy. Nomad: `progress_deadline` (10 min); Argo: `progressDeadlineSeconds`. */
  progressDeadlineMs: durationMs,
  /** Servers that may fail the new version before the rollout fails. */
  failuresAllowed: z.int().min(0).max(100_000),
  /** A failed rollout goes back to the last good version by itself. Nomad: `auto_revert`. */
  autoRollback: z.boolean(),
  /** New servers' share of failed requests may exceed the old ones' by so much (0.01: one in a hundred); null: not looked at. */
  errorRateMax: z.number().min(0).max(1).nullable(),
  /** New servers' mean latency may be so many times the old ones'; null: not looked at. */
  latencyRatioMax: z.number().min(1).max(1_000).nullable(),
  /** What has to answer beside the project's own health check; null: nothing. Kubernetes: `readinessProbe.httpGet`. */
  probe: Probe.nullable(),
});
export type RolloutPolicy = z.infer<typeof RolloutPolicy>;

/** As an event holds it: read loosely. */
export const StoredRolloutPolicy = z.object({ ...RolloutPolicy.shape, probe: StoredProbe.nullable() });

/** Safe for whoever says nothing: one server at a time, watched, and back by itself. */
export const defaultRolloutPolicy: RolloutPolicy = {
  strategy: { kind: 'rolling', batch: 1 },
  change: 'hot',
  maxUnavailable: 1,
  minHealthyMs: 10_000,
  healthyDeadlineMs: 300_000,
  progressDeadlineMs: 600_000,
  failuresAllowed: 0,
  autoRollback: true,
  errorRateMax: null,
  latencyRatioMax: null,
  probe: null,
};

/** Where a rollout stands. The first four are under way; a rollout in any other is over. */
export const rolloutStatuses = [
  'running',
  'paused',
  'halted',
  'rolling-back',
  'succeeded',
  'rolled-back',
  'superseded',
  'withdrawn',
] as const;
export const RolloutStatus = z.enum(rolloutStatuses);
export type RolloutStatus = z.infer<typeof RolloutStatus>;

/** How many servers an amount means in a group of this size. */
export function amountOf(amount: Amount, size: number): number {
  const servers = typeof amount === 'number' ? amount : Math.ceil((size * Number.parseInt(amount, 10)) / 100);
  return Math.max(1, Math.min(size, servers));
}
