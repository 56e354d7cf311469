/** A log in memory whose appends go wrong as told: what a network does to a request and to its answer. */
import type { AppendOutcome, LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import { Failure } from '../../src/std/failure.ts';

export type Fault =
  | 'none'
  /** Stored, but the answer is lost. */
  | 'answer-lost'
  /** The request is lost. */
  | 'request-lost'
  /** Times out, and reaches the log just before the next append does. */
  | 'late-before-next'
  /** Times out, and reaches the log just after the next append did. */
  | 'late-after-next'
  /** Somebody else's record is in the slot first. */
  | 'foreign-first'
  /** Somebody else's record is in the slot first, and the answer is lost. */
  | 'foreign-first-answer-lost';

type Append = Parameters<LogPort['append']>[0];

export class FaultyLog implements LogPort {
  readonly inner: MemoryLog;
  /** By append, in the order they are asked for; none when it has run out. */
  readonly #faults: Fault[];
  readonly #foreign: Uint8Array;
  #before: Append[] = [];
  #after: Append[] = [];
  /** Appends that had not been answered when another was asked for: must stay 0. */
  overlapping = 0;
  #open = 0;
  /** How many `get`s fail from now on. */
  failingGets = 0;

  constructor(faults: readonly Fault[], { inner = new MemoryLog(), foreign = Uint8Array.of(0xc0) } = {}) {
    this.#faults = [...faults];
    this.inner = inner;
    this.#foreign = foreign;
  }

  async append(options: Append): Promise<AppendOutcome> {
    if (this.#open > 0) this.overlapping++;
    this.#open++;
    try {
      // As a network would: not before the caller has gone on.
      await new Promise((resolve) => setImmediate(resolve));
      for (const late of this.#before.splice(0)) await this.inner.append(late);
      const after = this.#after.splice(0);
      const outcome = await this.#appendWith(this.#faults.shift() ?? 'none', options);
      for (const late of after) await this.inner.append(late);
      if (outcome === 'unknown') throw lost();
      return outcome;
    } finally {
      this.#open--;
    }
  }

  async #appendWith(fault: Fault, options: Append): Promise<AppendOutcome | 'unknown'> {
    switch (fault) {
      case 'none':
        return this.inner.append(options);
      case 'answer-lost':
        await this.inner.append(options);
        return 'unknown';
      case 'request-lost':
        return 'unknown';
      case 'late-before-next':
        this.#before.push(options);
        return 'unknown';
      case 'late-after-next':
        this.#after.push(options);
        return 'unknown';
      case 'foreign-first':
      case 'foreign-first-answer-lost': {
        await this.inner.append({ ...options, data: this.#foreign });
        const outcome = await this.inner.append(options);
        return fault === 'foreign-first' ? outcome : 'unknown';
      }
    }
  }

  async get(sequence: number): Promise<StoredRecord | undefined> {
    if (this.failingGets > 0) {
      this.failingGets--;
      throw lost();
    }
    return this.inner.get(sequence);
  }

  lastSequence(): Promise<number> {
    return this.inner.lastSequence();
  }

  read(options: Parameters<LogPort['read']>[0]): AsyncIterable<StoredRecord> {
    return this.inner.read(options);
  }
}

function lost(): Failure {
  return new Failure({ code: 'timeout', retryable: true, message: 'no answer in time' });
}
