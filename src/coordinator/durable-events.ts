/**
 * Events by position, from the log itself: the first outcomes that repeated commands are told again. One search at a
 * time, since each reads about log2 of the log's records; repeats come in flocks, after an outage, and ask for
 * neighbours, so the records last found answer most of them.
 */
import { findAcknowledged } from '../eventlog/find-record.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { assert, Failure } from '../std/failure.ts';
import { Semaphore } from '../std/semaphore.ts';
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';

/** Records kept: some thousands of events, some megabytes. */
const recordsKept = 16;
/** Questions waiting at most; past it a repeat goes unanswered, and its asker repeats it. */
const waitingMax = 16_384;

export class DurableEvents {
  readonly #log: LogPort;
  readonly #timeoutMs: number;
  readonly #one = new Semaphore(1);
  /** Found lately, the newest last. */
  #found: Record[] = [];
  #waiting = 0;

  constructor(options: { log: LogPort; timeoutMs: number }) {
    this.#log = options.log;
    this.#timeoutMs = options.timeoutMs;
  }

  /** The event at an acknowledged position. Fails with `overloaded` past the bound, else as the log does. */
  async at(position: Position): Promise<Event> {
    if (this.#waiting >= waitingMax) {
      throw new Failure({ code: 'overloaded', retryable: true, message: `${waitingMax} repeats are waiting` });
    }
    this.#waiting += 1;
    try {
      return (
        this.#known(position) ?? (await this.#one.run(async () => this.#known(position) ?? this.#search(position)))
      );
    } finally {
      this.#waiting -= 1;
    }
  }

  #known(position: Position): Event | undefined {
    for (const { first, events } of this.#found) {
      const event = events[position - first];
      if (event !== undefined) return event;
    }
    return undefined;
  }

  async #search(position: Position): Promise<Event> {
    const timeoutMs = this.#timeoutMs;
    const lastSequence = await this.#log.lastSequence(timeoutMs);
    const { record } = await findAcknowledged(this.#log, { position, lastSequence, timeoutMs });
    const event = record.events[position - record.first];
    assert(event !== undefined, 'the record found holds the position');
    this.#found = [...this.#found.slice(-recordsKept + 1), record];
    return event;
  }
}
