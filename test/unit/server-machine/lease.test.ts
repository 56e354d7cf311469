import { describe, expect, it } from 'vitest';
import type { ServerId } from '../../../schemas/ids.ts';
import { emptyObserved } from '../../../src/projections/observed.ts';
import { factsOf } from '../../../src/server-machine/server-facts.ts';
import { founded, stateOf } from '../../support/decider-spec.ts';
import { createdWith, joined, registered } from '../../support/fleet-facts.ts';

const server = 's1' as ServerId;

/** The lease of a member of a group with this one, which was last told to beat so often. */
function leaseOf(leaseMs: number, beatMs?: number): number {
  const state = stateOf(founded, registered(server), createdWith('Edge', { leaseMs }), joined(server, 'edge'));
  const observed = emptyObserved();
  const rest = { receipt: null, receiptAt: 0, idleReadings: 0, unwellReadings: 0 };
  observed.serverById.set(server, { beat: null, seenAt: 1, ...rest, beatMs });
  return factsOf(server, { state, observed, now: 1, reignBeganAt: 0 }).life.leaseMs;
}

describe('a lease', () => {
  it('is the group’s', () => {
    expect(leaseOf(9_000)).toBe(9_000);
    expect(leaseOf(9_000, 1_500)).toBe(9_000);
    expect(leaseOf(1_000, 166)).toBe(1_000);
  });

  it('holds as it was granted, where the group’s has become shorter since the last heartbeat', () => {
    expect(leaseOf(1_000, 10_000)).toBe(60_000);
  });
});
