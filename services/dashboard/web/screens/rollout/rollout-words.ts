/** Rollouts in words. Pure. */
import type { RolloutView } from '../../../../../schemas/views.ts';
import type { Mark } from '../../components/status.ts';

type Progress = NonNullable<RolloutView['progress']>;
export type Standing = Progress['servers'][number]['standing'];

/** How a server of a rollout stands, drawn as the status it looks like. */
export const markByStanding: { readonly [S in Standing]: Mark } = {
  untold: 'available',
  pending: 'syncing',
  healthy: 'ready',
  failed: 'failed',
  lost: 'lost',
  gone: 'draining',
};

export function targetText({ project, from, to }: RolloutView['targets'][number]): string {
  return from === null ? `${project} ${to}` : `${project} ${from} → ${to}`;
}

export function strategyText(strategy: Progress['policy']['strategy']): string {
  switch (strategy.kind) {
    case 'all-at-once':
      return 'all at once';
    case 'rolling':
      return `rolling, ${amountText(strategy.batch)} at a time`;
    case 'canary':
      return `canary in ${strategy.steps.length} steps, then ${amountText(strategy.batch)} at a time`;
    case 'blue-green':
      return `blue-green, ${amountText(strategy.standby)} stand by`;
  }
}

function amountText(amount: number | string): string {
  return typeof amount === 'number' ? `${amount} ${amount === 1 ? 'server' : 'servers'}` : amount;
}
