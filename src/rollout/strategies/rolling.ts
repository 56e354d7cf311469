/** Batch after batch. */
import type { Strategy } from '../../../schemas/rollout.ts';
import { amountOf } from '../../../schemas/rollout.ts';
import type { Hold, Sizing } from './sizing.ts';
import { noHold } from './sizing.ts';

export type Rolling = Extract<Strategy, { kind: 'rolling' }>;

export function sizeOf({ batch }: Rolling, { members, candidates }: Sizing): number {
  return Math.min(amountOf(batch, members), candidates);
}

export function holdAfter(): Hold {
  return noHold;
}
