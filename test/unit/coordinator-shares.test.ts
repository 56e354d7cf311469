import { describe, expect, it } from 'vitest';
import type { FleetId } from '../../schemas/ids.ts';
import { FleetShares } from '../../src/coordinator/fleet-shares.ts';

const fleets = ['a', 'b', 'c', 'd', 'e', 'f'] as FleetId[];
const [a, b] = fleets as [FleetId, FleetId];

function sharesAt(time: { now: number }, leads = 0): FleetShares {
  const clock = { now: () => time.now, monotonic: () => time.now, after: () => ({ cancel: () => {} }), soon: () => {} };
  const shares = new FleetShares({ clock, beatMs: 1_000, rebalanceMs: 10_000, random: () => 0.5 });
  for (const fleet of fleets.slice(0, leads)) shares.begin(fleet);
  return shares;
}

describe('hesitation', () => {
  it('is none where nobody else is known, nor where nobody leads fewer', () => {
    const shares = sharesAt({ now: 0 }, 2);
    expect(shares.hesitationSteps(b)).toBe(0);
    shares.heard(b, { instance: 'other', leads: 2 });
    expect(shares.hesitationSteps(b)).toBe(0);
  });

  it('grows by a step with each fleet led more than by the one with fewest, and no further than its bound', () => {
    const shares = sharesAt({ now: 0 }, 2);
    shares.heard(b, { instance: 'busy', leads: 5 });
    shares.heard(b, { instance: 'idle', leads: 0 });
    expect(shares.hesitationSteps(b)).toBe(2);
    for (const fleet of fleets) shares.begin(fleet);
    expect(shares.hesitationSteps(b)).toBe(3);
  });

  it('counts with nobody who serves other fleets only, or has not been heard for three beats', () => {
    const time = { now: 0 };
    const shares = sharesAt(time, 2);
    shares.heard(a, { instance: 'elsewhere', leads: 0 });
    expect(shares.hesitationSteps(b)).toBe(0);
    shares.heard(b, { instance: 'idle', leads: 0 });
    time.now = 3_000;
    expect(shares.hesitationSteps(b)).toBe(2);
    time.now = 3_001;
    expect(shares.hesitationSteps(b)).toBe(0);
  });
});

describe('handing over for balance', () => {
  it('waits until others are known, and then takes one fleet at a time', () => {
    const time = { now: 0 };
    const shares = sharesAt(time, 6);
    shares.heard(a, { instance: 'idle', leads: 0 });
    shares.heard(b, { instance: 'idle', leads: 0 });
    expect(shares.mayHandOver(a)).toBe(false);
    time.now = 10_000;
    shares.heard(a, { instance: 'idle', leads: 0 });
    shares.heard(b, { instance: 'idle', leads: 0 });
    expect(shares.mayHandOver(a)).toBe(true);
    expect(shares.mayHandOver(b)).toBe(false);
  });

  it('leaves a difference of one as it is: handing over would only turn it round', () => {
    const time = { now: 20_000 };
    const shares = sharesAt(time, 1);
    time.now = 40_000;
    shares.heard(a, { instance: 'idle', leads: 0 });
    expect(shares.mayHandOver(a)).toBe(false);
  });
});
