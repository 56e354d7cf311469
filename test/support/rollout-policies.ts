/** Rollout policies of tests that are about something else: everybody at once, without a time to be watched. */
import type { RolloutPolicy } from '../../schemas/rollout.ts';

export const atOnce = {
  strategy: { kind: 'all-at-once' },
  maxUnavailable: '100%',
  minHealthyMs: 0,
} satisfies Partial<RolloutPolicy>;

/** What fails stays as it failed, to be looked at. */
export const atOnceForGood = { ...atOnce, autoRollback: false } satisfies Partial<RolloutPolicy>;
