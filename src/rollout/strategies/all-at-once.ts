/** Everybody as soon as the limit allows: with room for all, one step. */
import type { Hold, Sizing } from './sizing.ts';
import { noHold } from './sizing.ts';

/** How many servers the next step may tell, before the limit. */
export function sizeOf({ candidates }: Sizing): number {
  return candidates;
}

export function holdAfter(): Hold {
  return noHold;
}
