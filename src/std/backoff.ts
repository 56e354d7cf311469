/** Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). Pure. */

export interface BackoffPolicy {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * The pause before attempt `attempt` (1 is the first repeat), in milliseconds.
 * `random` is uniform in [0, 1); it comes in so that a simulation can own it. Never less than half of `firstMs`.
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: number): number {
  const ceiling = Math.min(policy.longestMs, policy.firstMs * 2 ** Math.min(attempt - 1, 30));
  const floor = policy.firstMs / 2;
  return floor + (ceiling - floor) * random;
}
