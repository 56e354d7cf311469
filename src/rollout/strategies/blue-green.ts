/**
 * A standby part, then the old part as one. What lies between, the switch and the time the old part is kept, is the
 * planner's: see `switching.ts`.
 */
import type { Strategy } from '../../../schemas/rollout.ts';
import { amountOf } from '../../../schemas/rollout.ts';
import type { Hold, Sizing } from './sizing.ts';
import { noHold } from './sizing.ts';

export type BlueGreen = Extract<Strategy, { kind: 'blue-green' }>;

/** Somebody serves while the standby part takes the new version, wherever there are two. */
export function sizeOf({ standby }: BlueGreen, { members, moved, candidates }: Sizing): number {
  if (moved > 0) return candidates;
  return Math.min(amountOf(standby, members), Math.max(1, candidates - 1));
}

export function holdAfter(): Hold {
  return noHold;
}
