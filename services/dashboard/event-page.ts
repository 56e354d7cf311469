/** One page of the log. Bounded in what it looks through: a page may hold little and still say where to go on. */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { positionAt } from '../../src/audit/as-of.ts';
import { type FilterOptions, matches } from '../../src/audit/event-filter.ts';
import type { Follower } from '../../src/follower/follower.ts';
import { walkDown, walkUp } from './log-walk.ts';

export interface PageOptions {
  readonly follower: Follower;
  readonly order: 'asc' | 'desc';
  readonly filter: FilterOptions;
  /** Positions, both included. */
  readonly from: Position;
  readonly to: Position;
  /** Where the page before this one ended. */
  readonly cursor: Position | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface EventPage {
  readonly events: readonly Event[];
  /** Undefined: there is no more. */
  readonly next: Position | undefined;
}

/** Events looked at for one page: about a tenth of a second from the stream. */
const scannedMax = 20_000;

export async function eventPage(options: PageOptions): Promise<EventPage> {
  const { follower, order, filter, from, to, cursor, limit, signal } = options;
  const [first, last] = await bounds(options);
  const start = cursor ?? (order === 'desc' ? last : first);
  const isWithin = (position: Position) => position >= Math.max(first, from) && position <= Math.min(last, to);
  if (!isWithin(start)) return { events: [], next: undefined };
  const step = order === 'desc' ? -1 : 1;
  const walk = order === 'desc' ? walkDown : walkUp;
  const events: Event[] = [];
  let scanned = 0;
  for await (const chunk of walk({ follower, from: start, signal })) {
    for (const event of chunk) {
      if (!isWithin(event.position)) return { events, next: undefined };
      if (matches(event, filter)) events.push(event);
      scanned += 1;
      const next = event.position + step;
      if (events.length >= limit || scanned >= scannedMax) return { events, next: isWithin(next) ? next : undefined };
    }
  }
  return { events, next: undefined };
}

/** The log's own ends, narrowed by times: found by halves instead of looked through. */
async function bounds({ follower, from, to, filter }: PageOptions): Promise<[Position, Position]> {
  const { log, state } = follower;
  const head = state.position;
  const first = filter.since === undefined ? 1 : (await positionAt(log, filter.since - 1)) + 1;
  const last = filter.until === undefined ? head : await positionAt(log, filter.until);
  return [Math.max(first, from), Math.min(last, to, head)];
}
