/**
 * Steps, then the rest in batches. A step's amount is of the whole group, and counts who was told before: so the steps
 * need no counter, follow a group that grows or shrinks, and are found again by any leader.
 */
import type { Strategy } from '../../../schemas/rollout.ts';
import { amountOf } from '../../../schemas/rollout.ts';
import type { Hold, Sizing } from './sizing.ts';
import { noHold } from './sizing.ts';

export type Canary = Extract<Strategy, { kind: 'canary' }>;

/** Up to the next step's amount; past the last one, a batch. */
export function sizeOf({ steps, batch }: Canary, { members, moved, candidates }: Sizing): number {
  const next = steps.map(({ servers }) => amountOf(servers, members)).find((amount) => amount > moved);
  return Math.min(next === undefined ? amountOf(batch, members) : next - moved, candidates);
}

/**
 * Of the step just reached. In a small group several steps may mean the same number of servers: then all of them hold.
 * With nobody left to tell, the next step counts as reached: what should have been watched is watched.
 */
export function holdAfter({ steps }: Canary, { members, moved, candidates }: Sizing): Hold {
  const amounts = steps.map(({ servers }) => amountOf(servers, members));
  const reached = amounts.find((amount) => (candidates === 0 ? amount >= moved : amount === moved));
  if (reached === undefined || moved === 0) return noHold;
  const held = steps.filter((_, index) => amounts[index] === reached);
  return {
    bakeMs: Math.max(...held.map(({ bakeMs }) => bakeMs ?? 0)),
    pause: held.some(({ pause }) => pause === true),
  };
}
