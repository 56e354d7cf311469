/** Which lease a group's servers may have been granted, whoever answered their heartbeats. Pure. */
import type { Group } from './state.ts';

/**
 * How long a server may go on beating by a lease that was made shorter, because nobody answered it: longer than a fleet
 * is left without any coordinator, and short against how long a shorter lease is kept.
 */
export const longerLeaseForMs = 86_400_000;

/** In milliseconds: the group's lease, or a longer one from before. */
export function leaseInForce({ policy, longerLease }: Pick<Group, 'policy' | 'longerLease'>, at: number): number {
  if (longerLease === null || at >= longerLease.until) return policy.leaseMs;
  return Math.max(policy.leaseMs, longerLease.leaseMs);
}
