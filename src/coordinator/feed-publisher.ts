/**
 * Publishes each event again as message p of FEED, p being its position: sent with the expectation p−1, so that slot p
 * can only ever hold event p, whoever sends it. Pipelined, behind the acks of LOG; what a queue or a lost connection
 * drops is read back from LOG. The feed is derived: nothing waits for it, so it gathers for a moment and gives way to
 * the log (`feed-pace.ts`), so that the commands themselves have the processor and the disk.
 */
import { affects } from '../domain/affects.ts';
import type { FleetState } from '../domain/state.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { findAcknowledged } from '../eventlog/find-record.ts';
import { decodeRecord } from '../eventlog/record-codec.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import { assert, Failure } from '../std/failure.ts';
import type { Event } from '../../schemas/events.ts';
import type { FleetId, Position } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { type Concern, subjects } from '../../schemas/subjects.ts';
import type { EventTexts } from './event-texts.ts';
import { FeedPace } from './feed-pace.ts';
import { persistent } from './standing.ts';
import { feedGatherMs, feedQueueMax, publishesMax } from './timing.ts';

/** What else an event concerns is told up to here: a set of thousands of servers names them in its data anyhow. */
const concernsMax = 100;

/** An event, and when it came here, by the monotonic clock: its own time may be ahead of ours. */
interface Offered {
  readonly event: Event;
  readonly since: number;
}

interface Found {
  readonly sequence: number;
  readonly record: Record;
}

export interface FeedPublisherOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly stream: string;
  readonly log: LogPort;
  readonly state: FleetState;
  /** How far the log was folded into `state`. */
  readonly cursor: () => ChainCursor;
  readonly texts: EventTexts;
  readonly clock: Clock;
  readonly random: () => number;
  readonly storeTimeoutMs: number;
  /** `Timing.regressPatienceMs`. */
  readonly patienceMs: number;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class FeedPublisher {
  readonly #options: FeedPublisherOptions;
  readonly #runner: ExclusiveRunner;
  /** Acknowledged events not yet sent, in order and without gaps; emptied when it would grow past its bound. */
  #queue: Offered[] = [];
  /** The last record read back and its sequence: after an outage, or a feed made anew, the next one is wanted next. */
  #readBackLast: { sequence: number; next: Position } | undefined;
  /** The last position known to stand in FEED; undefined: ask the stream. */
  #sent: number | undefined;
  readonly #pace = new FeedPace();
  /** Events were offered since the present run began. */
  #isBusy = false;
  /** Runs while what was offered gathers. */
  #gathering: Timer | undefined;

  constructor(options: FeedPublisherOptions) {
    this.#options = options;
    const { clock, random, onError } = options;
    const backoff = { firstMs: 100, longestMs: 5_000 };
    this.#runner = new ExclusiveRunner({ work: () => this.#run(), clock, random, backoff, onError });
  }

  /** Acknowledged events, in the order of the log. */
  offer(events: readonly Event[]): void {
    const { clock } = this.#options;
    if (events.length > 0) this.#isBusy = true;
    const since = clock.monotonic();
    if (this.#queue.length + events.length > feedQueueMax) this.#queue = [];
    else for (const event of events) this.#queue.push({ event, since });
    this.#gathering ??= clock.after(feedGatherMs, () => {
      this.#gathering = undefined;
      this.#runner.poke();
    });
  }

  async stop(): Promise<void> {
    this.#gathering?.cancel();
    await this.#runner.stop();
  }

  async #run(): Promise<void> {
    const { signal, state } = this.#options;
    while (!signal.aborted) {
      this.#sent ??= await this.#lastInFeed();
      if (this.#sent >= state.position) {
        this.#queue = [];
        return;
      }
      const next = this.#sent + 1;
      const batch = this.#takeBatch(next) ?? (await this.#readBack(next));
      for (let at = 0; at < batch.length && !signal.aborted; ) {
        const run = batch.slice(at, at + this.#pace.runMax);
        await this.#sendRun(run);
        at += run.length;
      }
    }
  }

  async #sendRun(run: readonly Offered[]): Promise<void> {
    const { clock, signal } = this.#options;
    const beganAt = clock.monotonic();
    this.#isBusy = false;
    // Unknown until every one of them is acknowledged: a failure makes the next run ask the stream.
    this.#sent = undefined;
    await this.#send(run.map(({ event }) => event));
    const newest = run.at(-1);
    assert(newest !== undefined, 'a run holds an event');
    this.#sent = newest.event.position;
    const endedAt = clock.monotonic();
    const tookMs = endedAt - beganAt;
    const lateMs = endedAt - newest.since;
    const delayMs = this.#pace.pauseAfter({ events: run.length, tookMs, lateMs, isBusy: this.#isBusy });
    if (delayMs === 0) return;
    await pause({ clock, delayMs, signal }).catch((error: unknown) => {
      // Stopped meanwhile: the loop sees it.
      if (!signal.aborted) throw error;
    });
  }

  async #lastInFeed(): Promise<number> {
    const { clock, patienceMs, signal } = this.#options;
    return persistent({ clock, patienceMs, signal }, () => this.#lookAtFeed());
  }

  async #lookAtFeed(): Promise<number> {
    const { bus, stream, state, log, cursor, storeTimeoutMs } = this.#options;
    const { lastSequence } = await bus.streamStatus(stream);
    if (lastSequence <= state.position) return lastSequence;
    // One that was frozen or cut off finds what the next leader published, before it hears of that one.
    if ((await log.lastSequence(storeTimeoutMs)) > cursor().sequence) {
      const ahead = `FEED holds position ${lastSequence}, and the log has gone on past ${state.position}: somebody else leads`;
      throw new Failure({ code: 'not-leader', retryable: true, message: ahead });
    }
    const message = `FEED holds position ${lastSequence}, the log ends at ${state.position}: the log went back, or the feed is another fleet's`;
    throw new Failure({ code: 'log-regressed', retryable: false, message });
  }

  /** The next events from memory, or undefined when memory does not begin with `next`. */
  #takeBatch(next: number): Offered[] | undefined {
    while (this.#queue[0] !== undefined && this.#queue[0].event.position < next) {
      const behind = next - this.#queue[0].event.position;
      this.#queue.splice(0, behind);
    }
    if (this.#queue[0]?.event.position !== next) return undefined;
    return this.#queue.splice(0, publishesMax);
  }

  /** From the log. What memory does not hold any more is late, however long it has been so. */
  async #readBack(next: number): Promise<readonly Offered[]> {
    const found = (await this.#following(next)) ?? (await this.#search(next));
    const { sequence, record } = found;
    this.#readBackLast = { sequence, next: record.first + record.events.length };
    const since = Number.NEGATIVE_INFINITY;
    return record.events.filter((event) => event.position >= next).map((event) => ({ event, since }));
  }

  /** The record behind the one last read back, those without events passed over; undefined where that is not it. */
  async #following(next: number): Promise<Found | undefined> {
    const { log, storeTimeoutMs } = this.#options;
    if (this.#readBackLast?.next !== next) return undefined;
    for (let sequence = this.#readBackLast.sequence + 1; ; sequence += 1) {
      const stored = await log.get(sequence, storeTimeoutMs);
      if (stored === undefined) return undefined;
      const record = decodeRecord(stored.data);
      if (record.events.length > 0) return record.first === next ? { sequence, record } : undefined;
    }
  }

  async #search(next: number): Promise<Found> {
    const { log, storeTimeoutMs: timeoutMs } = this.#options;
    const lastSequence = await log.lastSequence(timeoutMs);
    return findAcknowledged(log, { position: next, lastSequence, timeoutMs });
  }

  async #send(events: readonly Event[]): Promise<void> {
    const { bus, fleet, state, texts, storeTimeoutMs: timeoutMs } = this.#options;
    const messages = events.map((event) => {
      const [first, ...others] = affects(event, state);
      const text = texts.take(event);
      const data = Buffer.from(others.length === 0 ? text : withConcerns(text, others));
      return { subject: subjects.event(fleet, first ?? { kind: 'fleet', id: fleet }), data };
    });
    const outcome = await bus.storeRun({ messages, lastSequence: (events[0] as Event).position - 1, timeoutMs });
    if (outcome.status === 'conflict') {
      throw new Failure({ code: 'conflict', retryable: true, message: 'the feed is not where it was left' });
    }
  }
}

/** The event's JSON with one more field. */
function withConcerns(text: string, others: readonly Concern[]): string {
  const concerns = others.slice(0, concernsMax).map(({ kind, id }) => `${kind}.${id}`);
  return `${text.slice(0, -1)},"concerns":${JSON.stringify(concerns)}}`;
}
