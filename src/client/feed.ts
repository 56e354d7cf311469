/** The feed: the log's events as JSON, one message each; the message's sequence is the event's position. */
import { Event } from '../../schemas/events.ts';
import type { FleetId, Position } from '../../schemas/ids.ts';
import type { Bus, StoredMessage, StreamStatus } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';

export interface EventsOptions {
  /** The first position to hand out. Default: the oldest the feed still has. */
  readonly from?: Position;
  /** Instead of `from`: the newest so many. */
  readonly last?: number;
  /** True: go on for ever with what comes. False: end at what is there now. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

export interface FeedOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  /** For the jitter between attempts, in [0, 1). */
  readonly random: () => number;
}

/** NATS restarts in a second or two, a cluster elects in some: reading waits for that, and so does its beginning. */
const beginPatienceMs = 30_000;
const beginBackoff = { firstMs: 100, longestMs: 2_000 } as const;

/**
 * Events in order, none missing. Throws `unavailable` when `from` has left the feed already (it keeps a bounded time
 * and size; the log keeps everything), `log-broken` when an event is not at the sequence of its position.
 */
export async function* feedEvents(
  feed: FeedOptions,
  { from, last, follow, signal }: EventsOptions,
): AsyncGenerator<Event, void, undefined> {
  const { bus, fleet } = feed;
  const stream = streamNames(fleet).feed;
  const status = await begin(feed, signal);
  if (status === undefined || signal?.aborted) return;
  const { firstSequence, lastSequence } = status;
  if (from !== undefined && from > 0 && from < firstSequence && firstSequence <= lastSequence) {
    const message = `events before position ${firstSequence} have left the feed; the log still has them`;
    throw new Failure({ code: 'unavailable', retryable: false, message });
  }
  const wanted = last === undefined ? (from ?? 1) : lastSequence - last + 1;
  let next = Math.max(1, firstSequence, wanted);
  if (!follow && next > lastSequence) return;
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const message of bus.read({ stream, fromSequence: next, signal: stop.signal })) {
      yield toEvent(message, next);
      next += 1;
      if (!follow && next > lastSequence) return;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

/**
 * Where the feed begins and ends; undefined once the signal has fired. Throws what no waiting heals, and what has not passed
 * within the patience.
 */
async function begin(
  { bus, fleet, clock, random }: FeedOptions,
  signal: AbortSignal | undefined,
): Promise<StreamStatus | undefined> {
  const until = clock.monotonic() + beginPatienceMs;
  for (let attempt = 1; !signal?.aborted; attempt += 1) {
    try {
      return await bus.streamStatus(streamNames(fleet).feed);
    } catch (error) {
      const delayMs = backoffMs(beginBackoff, attempt, random());
      if (!(error instanceof Failure) || !error.retryable || clock.monotonic() + delayMs > until) throw error;
      // Only the signal cuts it short, and then there is nothing to say.
      await pause({ clock, delayMs, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
    }
  }
  return undefined;
}

function toEvent({ sequence, data }: StoredMessage, expected: Position): Event {
  const event = parseEvent(sequence, data);
  if (sequence !== expected || event.position !== sequence) {
    const message = `the feed has event ${event.position} at sequence ${sequence} where ${expected} was due`;
    throw new Failure({ code: 'log-broken', retryable: false, message });
  }
  return event;
}

const decoder = new TextDecoder();

function parseEvent(sequence: number, data: Uint8Array): Event {
  try {
    return Event.parse(JSON.parse(decoder.decode(data)));
  } catch (caught) {
    const message = `event ${sequence} of the feed has a shape this version of Muster does not know`;
    throw Failure.from(caught, { code: 'malformed', retryable: false, message });
  }
}
