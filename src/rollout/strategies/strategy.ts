/** The one place that tells strategies apart by their kind. */
import { never } from '../../std/failure.ts';
import type { Strategy } from '../../../schemas/rollout.ts';
import * as allAtOnce from './all-at-once.ts';
import * as blueGreen from './blue-green.ts';
import * as canary from './canary.ts';
import * as rolling from './rolling.ts';
import type { Hold, Sizing } from './sizing.ts';

/** How many servers the next step may tell, before the limit. */
export function sizeOf(strategy: Strategy, sizing: Sizing): number {
  switch (strategy.kind) {
    case 'all-at-once':
      return allAtOnce.sizeOf(sizing);
    case 'rolling':
      return rolling.sizeOf(strategy, sizing);
    case 'canary':
      return canary.sizeOf(strategy, sizing);
    case 'blue-green':
      return blueGreen.sizeOf(strategy, sizing);
    default:
      return never(strategy);
  }
}

/** What holds the rollout once the step it is in is healthy. */
export function holdAfter(strategy: Strategy, sizing: Sizing): Hold {
  switch (strategy.kind) {
    case 'all-at-once':
      return allAtOnce.holdAfter();
    case 'rolling':
      return rolling.holdAfter();
    case 'canary':
      return canary.holdAfter(strategy, sizing);
    case 'blue-green':
      return blueGreen.holdAfter();
    default:
      return never(strategy);
  }
}
