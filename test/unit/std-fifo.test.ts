import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/std/fifo.ts';
import { collectGarbage } from '../support/collect-garbage.ts';

describe('a queue that hardly ever runs empty', () => {
  it('gives what was pushed, in that order, whatever it holds meanwhile', () => {
    const queue = new Fifo<{ readonly number: number }>();
    let pushed = 0;
    let taken = 0;
    for (let round = 0; round < 5_000; round += 1) {
      for (let more = 0; more < round % 7; more += 1) queue.push({ number: pushed++ });
      for (let less = 0; less < round % 5; less += 1) {
        const item = queue.shift();
        if (item !== undefined) expect(item.number).toBe(taken++);
      }
      expect(queue.length).toBe(pushed - taken);
    }
    while (queue.length > 0) expect(queue.shift()?.number).toBe(taken++);
    expect(taken).toBe(pushed);
    expect(queue.shift()).toBeUndefined();
  });

  it('keeps nothing alive that was taken, though it is never empty', async () => {
    const queue = new Fifo<{ readonly number: number }>();
    const refs: WeakRef<object>[] = [];
    for (let number = 0; number < 10; number += 1) queue.push({ number });
    for (let number = 0; number < 50_000; number += 1) {
      const item = { number };
      if (number % 1_000 === 0) refs.push(new WeakRef(item));
      queue.push(item);
      queue.shift();
    }
    // A reference that was just made or looked at holds until the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
    expect(queue.length).toBe(10);
  });
});
