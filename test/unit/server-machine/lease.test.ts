import { describe, expect, it } from 'vitest';
import type { ServerId } from '../../../schemas/ids.ts';
import { emptyObserved } from '../../../src/projections/observed.ts';
import { factsOf } from '../../../src/server-machine/server-facts.ts';
import { founded, stateOf } from '../../support/decider-spec.ts';
import { configured, createdWith, joined, registered } from '../../support/fleet-facts.ts';

const server = 's1' as ServerId;

/** The lease of a member of a group with these leases, one after the other, last told to beat so often; some time later. */
function leaseOf(
  leasesMs: readonly number[],
  { beatMs, laterMs = 0 }: { beatMs?: number; laterMs?: number } = {},
): number {
  const [first = 0, ...others] = leasesMs;
  const facts = others.map((leaseMs) => configured('edge', { leaseMs }));
  const begun = [founded, registered(server), createdWith('Edge', { leaseMs: first }), joined(server, 'edge')];
  const state = stateOf(...begun, ...facts);
  const observed = emptyObserved();
  const rest = { receipt: null, receiptAt: 0, idleReadings: 0, unwellReadings: 0 };
  observed.serverById.set(server, { beat: null, seenAt: 1, ...rest, beatMs });
  return factsOf(server, { state, observed, now: state.at + laterMs, reignBeganAt: 0 }).life.leaseMs;
}

describe('a lease', () => {
  it('is the group’s', () => {
    expect(leaseOf([9_000])).toBe(9_000);
    expect(leaseOf([9_000], { beatMs: 1_500 })).toBe(9_000);
    expect(leaseOf([1_000], { beatMs: 166 })).toBe(1_000);
  });

  it('holds as it was granted, where the group’s has become shorter since the last heartbeat', () => {
    expect(leaseOf([1_000], { beatMs: 10_000 })).toBe(60_000);
  });

  it('holds as another leader may have granted it, until this one has answered the server', () => {
    expect(leaseOf([30_000, 1_000])).toBe(30_000);
    expect(leaseOf([30_000, 1_000], { beatMs: 166 })).toBe(1_000);
    expect(leaseOf([30_000, 12_000, 1_000])).toBe(30_000);
    expect(leaseOf([1_000, 30_000])).toBe(30_000);
    // Nobody beats less often than every ten seconds, however long the lease.
    expect(leaseOf([3_600_000, 1_000])).toBe(60_000);
  });

  it('is the shorter one a day after, when no server can have gone without an answer for so long', () => {
    expect(leaseOf([30_000, 1_000], { laterMs: 86_400_000 - 1 })).toBe(30_000);
    expect(leaseOf([30_000, 1_000], { laterMs: 86_400_000 })).toBe(1_000);
  });
});
