/**
 * One change at a time, and one that gathers behind it: whoever asks while a change is under way shares the next, which
 * sees everything asked for until it begins. A pace keeps changes apart where each one costs something.
 */
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';

export interface SharedChangeOptions {
  /** Brings the program to everything desired. Resolves with whether that cost anything: only those are paced. */
  readonly change: () => Promise<boolean>;
  readonly clock: Clock;
  /** From the end of a change that cost something to the beginning of the next; 0: no pace. */
  readonly everyMs: number;
}

export class SharedChange {
  readonly #options: SharedChangeOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #earliestAt = 0;

  constructor(options: SharedChangeOptions) {
    this.#options = options;
  }

  /** Resolves once everything desired at this moment is so; rejects as the change does, and with `aborted` after `stop`. */
  ask(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const begin = () => this.#begin();
    this.#next = this.#running.then(begin, begin);
    this.#running = this.#next;
    return this.#next;
  }

  /** Nothing further begins; resolves when the change under way has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running.catch(() => undefined);
  }

  /** True while a change is under way or waits. */
  get busy(): boolean {
    return this.#next !== undefined;
  }

  async #begin(): Promise<void> {
    const { change, clock, everyMs } = this.#options;
    try {
      const delayMs = Math.max(0, this.#earliestAt - clock.monotonic());
      await pause({ clock, delayMs, signal: this.#abort.signal });
    } finally {
      this.#next = undefined;
    }
    if (await change()) this.#earliestAt = clock.monotonic() + everyMs;
  }
}
