import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { fired } from '../../src/std/deadline.ts';

describe('waiting for a signal that may live for ever', () => {
  it('ends with why it fired, at once where it has', async () => {
    const [living, over] = [new AbortController(), new AbortController()];
    const waiting = fired({ signal: living.signal, over: over.signal });
    living.abort('the reason');
    expect(await waiting).toBe('the reason');
    expect(await fired({ signal: living.signal, over: over.signal })).toBe('the reason');
    expect(getEventListeners(over.signal, 'abort')).toEqual([]);
  });

  it('leaves nothing behind on it, however many races were run', () => {
    const living = new AbortController();
    for (let race = 0; race < 100; race += 1) {
      const over = new AbortController();
      void fired({ signal: living.signal, over: over.signal });
      over.abort();
    }
    expect(getEventListeners(living.signal, 'abort')).toEqual([]);
  });
});
