/** The ways a version may reach a group that are offered to choose from; a policy may hold any other. Pure. */
import type { Strategy } from '../../../../../schemas/rollout.ts';
import { strategyText } from '../rollout/rollout-words.ts';

export interface OfferedStrategy {
  readonly id: string;
  readonly text: string;
  readonly strategy: Strategy;
}

const offered: readonly Strategy[] = [
  { kind: 'rolling', batch: 1 },
  { kind: 'rolling', batch: '25%' },
  { kind: 'canary', steps: [{ servers: 1, bakeMs: 60_000, pause: true }], batch: '25%' },
  { kind: 'blue-green', standby: '50%', keepMs: 600_000 },
  { kind: 'all-at-once' },
];

export const strategies: readonly OfferedStrategy[] = offered.map((strategy) => ({
  id: JSON.stringify(strategy),
  text: strategyText(strategy),
  strategy,
}));

/** With the present one, should it be none of those. */
export function strategiesWith(present: Strategy): readonly OfferedStrategy[] {
  const id = JSON.stringify(present);
  if (strategies.some((each) => each.id === id)) return strategies;
  return [{ id, text: strategyText(present), strategy: present }, ...strategies];
}
