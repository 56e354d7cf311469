/**
 * Runs one piece of work at a time, as often as it was asked for but never more than once behind the run under way:
 * whatever happened meanwhile is seen by the next run, which reads the whole truth. A failed run is told and
 * repeated after a backoff, until stopped.
 */
import type { BackoffPolicy } from './backoff.ts';
import { backoffMs } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';

export interface ExclusiveRunnerOptions {
  readonly work: () => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
  readonly onError: (error: unknown) => void;
}

export class ExclusiveRunner {
  readonly #options: ExclusiveRunnerOptions;
  #running: Promise<void> | undefined;
  /** Asked for since the present run began. */
  #again = false;
  /** Failures in a row, for the backoff. */
  #failures = 0;
  #retry: Timer | undefined;
  #stopped = false;

  constructor(options: ExclusiveRunnerOptions) {
    this.#options = options;
  }

  /** Asks for a run. Returns at once. */
  poke(): void {
    this.#again = true;
    if (this.#running !== undefined || this.#retry !== undefined || this.#stopped) return;
    // After this turn: several pokes become one run, and what the turn itself had to say is on its way first.
    this.#running = new Promise<void>((resolve) => this.#options.clock.soon(resolve)).then(() => this.#drain());
  }

  /** No further run begins; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.#options.work();
        this.#failures = 0;
      } catch (error) {
        this.#retryLater(error);
        break;
      }
    }
    this.#running = undefined;
  }

  #retryLater(error: unknown): void {
    if (this.#stopped) return;
    const { clock, random, backoff, onError } = this.#options;
    onError(error);
    this.#failures += 1;
    this.#retry = clock.after(backoffMs(backoff, this.#failures, random()), () => {
      this.#retry = undefined;
      this.poke();
    });
  }
}
