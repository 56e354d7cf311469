/**
 * One change at a time, and one that gathers behind it: whoever asks while a change is under way shares the next, which
 * sees everything asked for until it begins. A pace keeps changes apart where each one costs something.
 */
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';

/** How soon a change that waits for the pace notices that it need not. */
const hurryPollMs = 50;

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
  #changing = false;

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

  /** Whoever waits for the pace waits no longer: there is nothing running left to spare. */
  hurry(): void {
    this.#earliestAt = 0;
  }

  /** True while a change is under way, its wait for the pace aside. */
  get running(): boolean {
    return this.#changing;
  }

  async #begin(): Promise<void> {
    const { change, clock, everyMs } = this.#options;
    try {
      while (clock.monotonic() < this.#earliestAt) {
        const leftMs = this.#earliestAt - clock.monotonic();
        await pause({ clock, delayMs: Math.min(leftMs, hurryPollMs), signal: this.#abort.signal });
      }
    } finally {
      this.#next = undefined;
    }
    this.#changing = true;
    try {
      if (await change()) this.#earliestAt = clock.monotonic() + everyMs;
    } finally {
      this.#changing = false;
    }
  }
}
