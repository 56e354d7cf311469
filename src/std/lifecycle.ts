/**
 * Two-stage stop for whatever a process owns. Owners register what must be stopped; `stop()` runs it in reverse
 * order, each with the same deadline; `track()` holds background work that stopping waits for.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.ts';
import { within } from './deadline.ts';
import { textOf } from './failure.ts';

export interface LifecycleOptions {
  readonly clock: Clock;
  /** The longest one stopper or the tracked work may take before it is given up, in milliseconds. */
  readonly stopTimeoutMs: number;
  /** Told of background work that failed and of stoppers that failed: nothing is swallowed. */
  readonly onError: (what: string, error: unknown) => void;
}

export class Lifecycle {
  /** Fires when stopping begins: every loop of the owner ends on it. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #options: LifecycleOptions;
  /** In order of registration; run in reverse. */
  readonly #stoppers: { what: string; stop: () => Promise<void> | void }[] = [];
  /** Background work still under way. */
  readonly #running = new Set<Promise<void>>();
  #stopped: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.signal = this.#abort.signal;
    // Every loop of the owner waits on it: more than ten listeners are no leak.
    setMaxListeners(0, this.signal);
  }

  /** Runs `stop` when the owner stops, after everything registered later. */
  onStop(what: string, stop: () => Promise<void> | void): void {
    this.#stoppers.push({ what, stop });
  }

  /** Holds background work: its failure is told to `onError` unless we are stopping. */
  track(what: string, work: Promise<void>): void {
    const held: Promise<void> = work
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#options.onError(what, error);
      })
      .finally(() => this.#running.delete(held));
    this.#running.add(held);
  }

  /** Stops everything once; later calls wait for the same stop. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#run();
    return this.#stopped;
  }

  async #run(): Promise<void> {
    this.#abort.abort();
    const { clock, stopTimeoutMs: timeoutMs, onError } = this.#options;
    for (const { what, stop } of this.#stoppers.reverse()) {
      try {
        await within({ clock, timeoutMs, what: `${what} to stop`, work: Promise.resolve(stop()) });
      } catch (error) {
        onError(`stopping ${what}: ${textOf(error)}`, error);
      }
    }
    try {
      const work = Promise.all(this.#running).then(() => undefined);
      await within({ clock, timeoutMs, what: 'background work to end', work });
    } catch (error) {
      onError(textOf(error), error);
    }
  }
}
