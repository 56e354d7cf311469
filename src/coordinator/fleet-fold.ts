/** The acknowledged fold: the log read in order, every link checked, into one `FleetState`. Leader and standbys alike. */
import type { Event } from '../../schemas/events.ts';
import type { Record } from '../../schemas/record.ts';
import { evolve } from '../domain/evolve.ts';
import type { FleetState } from '../domain/state.ts';
import { type ChainCursor, type Followed, follow } from '../eventlog/chain.ts';
import { followHeld } from '../eventlog/follow-held.ts';
import type { LogPort, StoredRecord } from '../eventlog/log-port.ts';
import type { Clock } from '../std/clock.ts';
import { unlessSilent } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface FleetFoldOptions {
  readonly cursor: ChainCursor;
  readonly state: FleetState;
  readonly logger: Logger;
  /** Called after each record's events are folded, in order. */
  readonly onFolded: (events: readonly Event[]) => void;
}

export class FleetFold {
  readonly state: FleetState;
  #cursor: ChainCursor;
  readonly #logger: Logger;
  readonly #onFolded: (events: readonly Event[]) => void;
  /** Waiters for a position, released as the fold passes it. */
  readonly #waiting: { position: number; release: () => void }[] = [];

  constructor({ cursor, state, logger, onFolded }: FleetFoldOptions) {
    this.#cursor = cursor;
    this.state = state;
    this.#logger = logger;
    this.#onFolded = onFolded;
  }

  get cursor(): ChainCursor {
    return this.#cursor;
  }

  /**
   * Folds one stored record; one that does not link, as the stream's leader holds it. Throws `log-broken`, naming where,
   * when that does not link either: it is for good. Without an answer of the leader's, reading begins again. A promise
   * only where the leader is asked: to await each record shows in how fast a log is folded.
   */
  take(log: Pick<LogPort, 'get'>, stored: StoredRecord): Promise<void> | undefined {
    const delivered = follow(this.#cursor, stored);
    if (delivered.status === 'broken') return this.#takeHeld(log, stored, delivered.reason);
    this.#fold(delivered, stored);
    return undefined;
  }

  async #takeHeld(log: Pick<LogPort, 'get'>, delivered: StoredRecord, reason: string): Promise<void> {
    this.#logger.warn({ sequence: delivered.sequence, reason }, 'asking once more for a record');
    const { followed, stored } = await followHeld({ log, cursor: this.#cursor, delivered });
    this.#fold(followed, stored);
  }

  #fold(followed: Followed, stored: StoredRecord): void {
    if (followed.status === 'broken') {
      const message = `the log is broken at sequence ${followed.sequence}: ${followed.reason}`;
      throw new Failure({ code: 'log-broken', retryable: false, message });
    }
    if (followed.status === 'void') {
      const { term, writer } = followed.record;
      this.#logger.error(
        { event: 'log.fence-broken', sequence: stored.sequence, term, writer },
        'void record in the log',
      );
      this.#cursor = followed.cursor;
      return;
    }
    this.adopt(followed.record, followed.cursor);
  }

  /** Folds a record whose link needs no check: our own, just acknowledged. */
  adopt(record: Record, cursor: ChainCursor): void {
    for (const event of record.events) evolve(this.state, event);
    this.#cursor = cursor;
    this.#onFolded(record.events);
    for (let index = this.#waiting.length - 1; index >= 0; index -= 1) {
      const waiter = this.#waiting[index];
      if (waiter === undefined || waiter.position > cursor.position) continue;
      this.#waiting.splice(index, 1);
      waiter.release();
    }
  }

  /** Folds up to `sequence` and returns; `foldToHead` where the log may be shorter by then. */
  async catchUp(log: LogPort, sequence: number, signal: AbortSignal): Promise<void> {
    if (this.#cursor.sequence >= sequence) return;
    const enough = new AbortController();
    const both = AbortSignal.any([enough.signal, signal]);
    for await (const stored of log.read({ fromSequence: this.#cursor.sequence + 1, signal: both })) {
      const asking = this.take(log, stored);
      if (asking !== undefined) await asking;
      if (this.#cursor.sequence >= sequence) break;
    }
    enough.abort();
  }

  /** Resolves once `position` is folded; the caller sets the deadline by `signal`. */
  passed(position: number, signal: AbortSignal): Promise<void> {
    if (this.#cursor.position >= position) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = { position, release: resolve };
      this.#waiting.push(waiter);
      const give = () => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(new Failure({ code: 'timeout', retryable: true, message: `position ${position} is not folded yet` }));
      };
      signal.addEventListener('abort', give, { once: true });
    });
  }
}

export interface HeadOptions {
  readonly log: LogPort;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Folds up to where the log ends now. Fails with `timeout` where nothing more of it comes: it may have gone back since it
 * said where it ends, and a new look tells.
 */
export async function foldToHead(fold: FleetFold, { log, clock, timeoutMs, signal }: HeadOptions): Promise<void> {
  const over = new AbortController();
  const sequence = await log.lastSequence(timeoutMs);
  const work = fold.catchUp(log, sequence, AbortSignal.any([over.signal, signal]));
  try {
    await unlessSilent({ clock, timeoutMs, what: 'more of the log', work, seen: () => fold.cursor.sequence });
  } finally {
    over.abort();
  }
}
