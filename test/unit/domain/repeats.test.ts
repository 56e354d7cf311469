import { describe, expect, it } from 'vitest';
import type { CommandId, Principal } from '../../../schemas/ids.ts';
import { emptyState } from '../../../src/domain/fleet-state.ts';
import { issuedAheadMaxMs, lookUp, remember, repeatWindowMs } from '../../../src/domain/repeats.ts';

const principal = 'alice' as Principal;
/** How long an id may be asked for and still not be `too-old`. */
const longestMs = repeatWindowMs + issuedAheadMaxMs;
const begin = 1_700_000_000_000;

/** The window after these ids were answered, each at its time. */
function windowOf(...answered: readonly [string, number][]) {
  const { repeats } = emptyState();
  for (const [id, at] of answered)
    remember(repeats, { principal, id: id as CommandId, hash: `of-${id}`, position: 1, at });
  return repeats;
}
const knows = (repeats: ReturnType<typeof windowOf>, id: string) =>
  lookUp(repeats, { principal, id: id as CommandId }) !== undefined;

describe('the repeat window', () => {
  it.each([0, repeatWindowMs - 1, longestMs - 1])(
    'knows an id for as long as it is not too old, whenever the generation began (%i ms before)',
    (agoMs) => {
      const repeats = windowOf(
        ['first', begin - agoMs],
        ['x', begin],
        ['next', begin + 1],
        ['last', begin + longestMs],
      );
      expect(knows(repeats, 'x')).toBe(true);
    },
  );

  it('forgets after two generations, so that it does not grow for ever', () => {
    const repeats = windowOf(['x', begin], ['y', begin + longestMs], ['z', begin + 2 * longestMs]);
    expect([knows(repeats, 'x'), knows(repeats, 'y'), knows(repeats, 'z')]).toEqual([false, true, true]);
  });

  it('forgets both at once after a long silence', () => {
    const repeats = windowOf(['x', begin], ['y', begin + 5 * longestMs]);
    expect([knows(repeats, 'x'), knows(repeats, 'y')]).toEqual([false, true]);
  });

  it('tells principals apart', () => {
    const repeats = windowOf(['x', begin]);
    expect(lookUp(repeats, { principal: 'bob' as Principal, id: 'x' as CommandId })).toBeUndefined();
    expect(lookUp(repeats, { principal, id: 'x' as CommandId })).toEqual({
      principal,
      id: 'x',
      hash: 'of-x',
      position: 1,
    });
  });
});
