/** The log in memory, for tests and simulations: the same fence and the same reading as JetStream's. */
import type { AppendOutcome, LogPort, StoredRecord } from './log-port.ts';

export class MemoryLog implements LogPort {
  /** By sequence - 1. */
  readonly #records: Uint8Array[] = [];
  /** Readers at the end: each is called once when a record is stored. */
  #waiting: (() => void)[] = [];

  async append(options: Parameters<LogPort['append']>[0]): Promise<AppendOutcome> {
    if (options.expectedLastSequence !== this.#records.length) return { status: 'conflict' };
    this.#records.push(options.data.slice());
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
    return { status: 'appended', sequence: this.#records.length };
  }

  async get(sequence: number): Promise<StoredRecord | undefined> {
    return this.#at(sequence);
  }

  async lastSequence(): Promise<number> {
    return this.#records.length;
  }

  async *read({ fromSequence, signal }: Parameters<LogPort['read']>[0]): AsyncIterable<StoredRecord> {
    let next = Math.max(1, fromSequence);
    while (!signal.aborted) {
      const stored = this.#at(next);
      if (stored === undefined) {
        await this.#stored(signal);
      } else {
        next++;
        yield stored;
      }
    }
  }

  #at(sequence: number): StoredRecord | undefined {
    const data = this.#records[sequence - 1];
    return data === undefined ? undefined : { sequence, data, pending: this.#records.length - sequence };
  }

  #stored(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }
}
