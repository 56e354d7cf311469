/**
 * Brings the gateway to what was last asked for, one attempt at a time, and looks after its health in between. The
 * newest word wins: it ends the attempt under way, and what was asked in between is never begun. What failed is tried
 * again while it stands.
 * Must not know where directives come from, nor how receipts travel.
 */
import type { Directive } from '../../schemas/directive.ts';
import type { Stamp } from '../../schemas/ids.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Applied, Carrier } from './carrier.ts';
import type { Driver } from './driver.ts';

export type Target =
  | { readonly kind: 'directive'; readonly directive: Directive }
  /** In no group: drain, then hold nothing. */
  | { readonly kind: 'nothing'; readonly stamp: Stamp };

export interface ApplierOptions {
  readonly carrier: Carrier;
  readonly driver: Driver;
  readonly onApplied: (applied: Applied) => void;
  readonly healthIntervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** What failed may be a bundle that is just being uploaded, or one nobody will ever mend. */
const retryBackoff = { firstMs: 1_000, longestMs: 60_000 } as const;
/** One answer may be lost to a busy moment; three in a row are a server that does not work. */
const unhealthyReadingsMin = 3;

export class Applier {
  /** False once the gateway failed its own health check several times in a row. */
  healthy = true;
  readonly #options: ApplierOptions;
  #wanted: Target | undefined;
  /** Ends the attempt under way. */
  #attempt = new AbortController();
  readonly #stop = new AbortController();
  /** Ends the pause between two attempts. */
  #wake: () => void = () => undefined;
  /** Asked for something since the last attempt began. */
  #isDue = false;
  /** Attempts that did not succeed in full, in a row. */
  #failures = 0;
  /** When to try again, by the monotonic clock. */
  #retryAt = Number.POSITIVE_INFINITY;
  #unhealthyReadings = 0;
  #running: Promise<void> | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Asks for this instead of whatever was asked before. */
  want(target: Target): void {
    this.#wanted = target;
    this.#failures = 0;
    this.#attempt.abort();
    this.#isDue = true;
    this.#wake();
  }

  /** Tries what failed again now, rather than when its time comes. */
  hurry(): void {
    if (this.#failures === 0) return;
    this.#isDue = true;
    this.#wake();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#attempt.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, healthIntervalMs } = this.#options;
    while (!this.#stop.signal.aborted) {
      if (this.#isDue || clock.monotonic() >= this.#retryAt) {
        await this.#try();
        continue;
      }
      const healthAt = clock.monotonic() + healthIntervalMs;
      await this.#pause(Math.min(healthAt, this.#retryAt) - clock.monotonic());
      if (clock.monotonic() >= healthAt && !this.#isDue) await this.#readHealth();
    }
  }

  async #try(): Promise<void> {
    const { clock, random, logger } = this.#options;
    this.#isDue = false;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    try {
      const isComplete = await this.#bring(this.#wanted, signal);
      this.#failures = isComplete ? 0 : this.#failures + 1;
    } catch (error) {
      if (signal.aborted || this.#stop.signal.aborted) return;
      this.#failures += 1;
      logger.error({ reason: textOf(error) }, 'could not apply; trying again');
    }
    if (signal.aborted) return;
    const delayMs = this.#failures === 0 ? Number.POSITIVE_INFINITY : backoffMs(retryBackoff, this.#failures, random());
    this.#retryAt = clock.monotonic() + delayMs;
  }

  /** True when everything asked for is so, or nothing can be done about it. */
  async #bring(target: Target | undefined, signal: AbortSignal): Promise<boolean> {
    if (target === undefined) return true;
    const { carrier, onApplied } = this.#options;
    const applied =
      target.kind === 'nothing'
        ? await carrier.dropAll(target.stamp, signal)
        : await carrier.carryOut(target.directive, signal);
    signal.throwIfAborted();
    onApplied(applied);
    return applied.failures.length === 0 || applied.serving === 'draining';
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(Math.max(0, delayMs), () => resolve());
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
      if (this.#stop.signal.aborted || this.#isDue) this.#wake();
    });
  }

  async #readHealth(): Promise<void> {
    const { driver, logger } = this.#options;
    const { signal } = this.#attempt;
    let problems: readonly { readonly text: string }[];
    try {
      problems = await driver.health(signal);
    } catch (error) {
      problems = [{ text: textOf(error) }];
    }
    if (signal.aborted) return;
    this.#unhealthyReadings = problems.length === 0 ? 0 : this.#unhealthyReadings + 1;
    const healthy = this.#unhealthyReadings < unhealthyReadingsMin;
    if (healthy !== this.healthy) logger.warn({ healthy, problems }, 'the health of the gateway changed');
    this.healthy = healthy;
  }
}
