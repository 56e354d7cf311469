/** Events from a position up or down: from memory where they are recent, else from the stream. In order, none twice. */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { eventsDown, eventsUp } from '../../src/audit/log-window.ts';
import type { Follower } from '../../src/follower/follower.ts';

export interface WalkOptions {
  readonly follower: Follower;
  readonly from: Position;
  readonly signal: AbortSignal;
}

/** Events handed out at a time: one turn of the event loop. */
const turnMax = 500;

/** Oldest first, up to the end that is known when it gets there. */
export async function* walkUp({ follower, from, signal }: WalkOptions): AsyncGenerator<readonly Event[]> {
  const { recent, log } = follower;
  let next = from;
  if (!recent.has(next) && next <= follower.state.position) {
    for await (const events of eventsUp({ log, signal }, next)) {
      yield events;
      next = (events.at(-1)?.position ?? next - 1) + 1;
      if (recent.has(next)) break;
    }
  }
  while (recent.has(next)) {
    const events = recent.from(next, turnMax);
    yield events;
    next += events.length;
  }
}

/** Newest first, to the log's beginning. */
export async function* walkDown({ follower, from, signal }: WalkOptions): AsyncGenerator<readonly Event[]> {
  const { recent, log } = follower;
  let next = from;
  while (recent.has(next)) {
    const events = recent.upTo(next, turnMax);
    yield events.toReversed();
    next -= events.length;
  }
  if (next > 0) yield* eventsDown({ log, signal }, next);
}
