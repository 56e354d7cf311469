import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';

describe('eventually', () => {
  it('returns the first truthy value, after throws and falsy ones', async () => {
    let calls = 0;
    const value = await eventually(() => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls === 3 ? 'there' : '';
    });
    expect(value).toBe('there');
  });

  it('fails by its deadline with the last error, also when the condition never settles', async () => {
    const refused = eventually(() => Promise.reject(new Error('why not')), { timeoutMs: 60, what: 'a thing' });
    await expect(refused).rejects.toThrow(/60 ms for a thing; last: why not/);
    await expect(eventually(() => new Promise(() => undefined), { timeoutMs: 60 })).rejects.toThrow(/never settled/);
  });
});
