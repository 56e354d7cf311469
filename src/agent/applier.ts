/**
 * Brings the gateway to what was last asked for, one attempt at a time, and looks after its health in between. The
 * newest word wins: it ends the attempt under way, and what was asked in between is never begun. What failed is tried
 * again while it stands and its tries last; for want of a connection, for as long as that takes.
 * Must not know where directives come from, nor how receipts travel.
 */
import type { Directive } from '../../schemas/directive.ts';
import type { Stamp } from '../../schemas/ids.ts';
import { type Beat, problemLengthMax } from '../../schemas/receipt.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { cutText } from '../std/cut-text.ts';
import { Failure, textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Applied, type Carried, type Carrier, failAll } from './carrier.ts';
import type { Driver } from './driver.ts';
import { HealthReadings } from './health-readings.ts';
import { Tries } from './tries.ts';

export type Target =
  | { readonly kind: 'directive'; readonly directive: Directive }
  /** In no group: drain, then hold nothing. */
  | { readonly kind: 'nothing'; readonly stamp: Stamp };

export interface ApplierOptions {
  readonly carrier: Carrier;
  readonly driver: Driver;
  readonly onApplied: (applied: Applied) => void;
  /** `healthy` is another than before. */
  readonly onHealth: () => void;
  readonly healthIntervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** For what nobody can be told of: no connection, or a disk that takes nothing. */
const unprovenBackoff = { firstMs: 1_000, longestMs: 30_000 } as const;
/** What ends an attempt. One for all: Node would make an error, with its stack, for each new word. */
const superseded = new Failure({ code: 'aborted', retryable: false, message: 'something newer was asked for' });
/** A health check that says something new is repeated soon: balancers should not send for long to who is not well. */
const doubtIntervalMs = 1_000;

export class Applier {
  readonly #options: ApplierOptions;
  #wanted: Target | undefined;
  /** Ends the attempt under way. */
  #attempt = new AbortController();
  readonly #stop = new AbortController();
  /** Ends the pause between two attempts. */
  #wake: () => void = () => undefined;
  /** Asked for something since the last attempt began. */
  #isDue = false;
  readonly #tries: Tries;
  /** Attempts in a row of which no receipt could tell. */
  #unproven = 0;
  /** When to try again, by the monotonic clock. */
  #retryAt = Number.POSITIVE_INFINITY;
  readonly #health = new HealthReadings();
  /** What the last health check that did not pass said. */
  #problem: string | undefined;
  /** When to read it next, by the monotonic clock. */
  #healthAt = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#tries = new Tries(options.random);
  }

  /** False once the gateway failed its own health check several times in a row. */
  get healthy(): boolean {
    return this.#health.healthy;
  }

  /** How far the attempt under way has come with its bundles. */
  get sync(): Beat['sync'] {
    return this.#options.carrier.sync;
  }

  /** Why it is not healthy; undefined while it is. */
  get problem(): string | undefined {
    return this.healthy ? undefined : this.#problem;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Asks for this instead of whatever was asked before. */
  want(target: Target): void {
    this.#wanted = target;
    this.#tries.startAfresh();
    this.#unproven = 0;
    this.#attempt.abort(superseded);
    this.#isDue = true;
    this.#wake();
  }

  /** The connection is there: tries now what failed for want of it. What else failed keeps its time. */
  hurry(): void {
    if (this.#unproven === 0) return;
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
    const { clock } = this.#options;
    this.#healthAt = clock.monotonic() + this.#options.healthIntervalMs;
    while (!this.#stop.signal.aborted) {
      const now = clock.monotonic();
      if (this.#isDue || now >= this.#retryAt) await this.#try();
      else if (now >= this.#healthAt) await this.#readHealth();
      // A timer may fire a little early: then there is nothing due yet, and a little left to wait.
      else await this.#pause(Math.min(this.#healthAt, this.#retryAt) - now);
    }
  }

  async #try(): Promise<void> {
    const { clock } = this.#options;
    this.#isDue = false;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const delayMs = this.#wanted === undefined ? undefined : await this.#bring(this.#wanted, signal);
    if (!signal.aborted) this.#retryAt = clock.monotonic() + (delayMs ?? Number.POSITIVE_INFINITY);
  }

  /** Milliseconds until it shall be tried again; undefined where it shall not. */
  async #bring(target: Target, signal: AbortSignal): Promise<number | undefined> {
    const { onApplied, clock } = this.#options;
    const carried = await this.#carry(target, signal);
    if (signal.aborted) return undefined;
    if (carried === undefined || carried.isCutOff) {
      this.#unproven += 1;
      return backoffMs(unprovenBackoff, this.#unproven, this.#options.random());
    }
    this.#unproven = 0;
    const { applied } = carried;
    if (applied.failures.length === 0) {
      this.#tries.startAfresh();
      onApplied(applied);
      return undefined;
    }
    const delayMs = this.#tries.fail();
    const retry = delayMs === undefined ? {} : { retryAt: Math.round(clock.now() + delayMs) };
    onApplied({ ...applied, failures: this.#tries.steady(applied.failures), ...retry });
    return delayMs;
  }

  /** Undefined where it failed and there is no project to say so of. */
  async #carry(target: Target, signal: AbortSignal): Promise<Carried | undefined> {
    const { carrier, logger } = this.#options;
    try {
      if (target.kind === 'directive') return await carrier.carryOut(target.directive, signal);
      return { applied: await carrier.dropAll(target.stamp, signal), isCutOff: false };
    } catch (error) {
      if (signal.aborted) return undefined;
      logger.error({ reason: textOf(error) }, 'could not apply');
      if (target.kind === 'nothing' || target.directive.projects.length === 0) return undefined;
      return { applied: failAll(target.directive, textOf(error)), isCutOff: false };
    }
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
    const { driver, onHealth, logger, clock, healthIntervalMs: calmMs } = this.#options;
    const { signal } = this.#attempt;
    let problems: readonly string[];
    try {
      problems = (await driver.health(signal)).map(({ project, text }) => `${project}: ${text}`);
    } catch (error) {
      problems = [textOf(error)];
    }
    // Ended by a newer word: it says nothing, and is taken anew once that is carried out.
    if (signal.aborted) return;
    const [first] = problems;
    if (first !== undefined) this.#problem = problemText(first, problems.length - 1);
    const isChanged = this.#health.take(first === undefined);
    this.#healthAt = clock.monotonic() + (this.#health.isInDoubt ? Math.min(doubtIntervalMs, calmMs) : calmMs);
    if (!isChanged) return;
    logger.warn({ healthy: this.healthy, problems }, 'the health of the gateway changed');
    onHealth();
  }
}

function problemText(first: string, more: number): string {
  return cutText(`${first}${more === 0 ? '' : `, and ${more} more`}`, problemLengthMax);
}
