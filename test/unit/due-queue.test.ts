import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../src/std/due-queue.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const turn = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, at: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ do: fc.constant('remove' as const), key }),
  fc.record({ do: fc.constant('take' as const), now: fc.integer({ min: 0, max: 100 }) }),
);

describe('a queue of what is due', () => {
  it('says what a list of each key and its newest time says, however often keys are put again', () => {
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 600, size: 'max' }), (turns) => {
        const queue = new DueQueue<string>();
        const list = new Map<string, number>();
        for (const each of turns) {
          if (each.do === 'put') {
            queue.put(each.key, each.at);
            list.set(each.key, each.at);
          } else if (each.do === 'remove') {
            queue.remove(each.key);
            list.delete(each.key);
          } else {
            const due = [...list].filter(([, at]) => at <= each.now);
            expect(queue.takeDue(each.now).sort()).toEqual(due.map(([name]) => name).sort());
            for (const [name] of due) list.delete(name);
          }
          expect(queue.nextAt()).toBe(list.size === 0 ? undefined : Math.min(...list.values()));
        }
      }),
    );
  });

  it('gives keys in the order of their times', () => {
    const queue = new DueQueue<number>();
    for (let round = 0; round < 100; round += 1) for (let one = 0; one < 10; one += 1) queue.put(one, round + one);
    expect(queue.takeDue(1_000)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
