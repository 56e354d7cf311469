/**
 * What those who asked were told, against the log, at the end: each answer is there once, at its position; what was
 * asked after an answer came later in the log; whatever nobody heard of is there at most once (`truth.ts` counts).
 */
import { encode } from '../../../src/wire/codec.ts';
import type { Asked } from '../cast/client-seat.ts';
import type { Truth } from './truth.ts';

export function wrongIn(asked: readonly Asked[], truth: Truth): string[] {
  const wrong: string[] = [];
  for (const one of asked) {
    const { fate, principal, id } = one;
    if (fate.status === 'waiting') wrong.push(`${id} was never answered, nor given up`);
    if (fate.status !== 'accepted' && fate.status !== 'rejected') continue;
    const position = truth.positionOf(principal, id);
    if (position !== fate.position)
      wrong.push(`${id} was told position ${fate.position}; the log has it at ${position}`);
    const event = truth.events[fate.position - 1];
    if (fate.status === 'accepted' && (event === undefined || !same(event, fate.event))) {
      wrong.push(`${id} was told another event ${fate.position} than the log holds`);
    }
    if (fate.status === 'rejected' && event?.type !== 'command.rejected') wrong.push(`${id} was told it was refused`);
  }
  return [...wrong, ...outOfOrder(asked, truth)];
}

/** Asked after an answer was heard, a new command stands behind the one answered. */
function outOfOrder(asked: readonly Asked[], truth: Truth): string[] {
  const wrong: string[] = [];
  const first = asked.filter((one, index) => asked.findIndex(({ id }) => id === one.id) === index);
  for (const later of first) {
    const position = truth.positionOf(later.principal, later.id);
    if (position === undefined) continue;
    for (const before of first) {
      if (!('position' in before.fate) || before.settledAt === undefined) continue;
      if (before.settledAt < later.invokedAt && before.fate.position > position) {
        wrong.push(`${later.id} was asked after ${before.id} was answered, and stands before it`);
      }
    }
  }
  return wrong;
}

function same(a: unknown, b: unknown): boolean {
  return Buffer.compare(encode(a, { sortKeys: true }), encode(b, { sortKeys: true })) === 0;
}
