import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDigests, DigestSum } from '../../src/wire/pool-digest.ts';

const entries = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 5 })));

/** Bytes that change with the sequence, as a stored entry's do. */
function entryOf(key: string, sequence: number): [string, { sequence: number; data: Uint8Array }] {
  return [key, { sequence, data: Buffer.from(`${key}${sequence}`) }];
}

describe('a digest kept up to date', () => {
  it('is the digest made anew, whatever was summed before', () => {
    fc.assert(
      fc.property(fc.array(entries), (pools) => {
        const kept = new DigestSum();
        for (const pool of pools) {
          const whole = [...new Map(pool)].map(([key, sequence]) => entryOf(key, sequence));
          expect(kept.of(whole)).toBe(addDigests(whole.map(([, { data }]) => data)));
        }
      }),
    );
  });
});
