/**
 * How far silence can be believed. A server counts as silent only for time in which the leader could have heard it: not
 * while NATS was away or frozen, not while this process itself was. The server is asked to answer now and then, on the
 * connection that heartbeats come by; what lies between two answers in time was heard, since it came before them.
 *
 * Promises: nobody is silent for longer than this leader has heard without a gap. Must not know who beats, or why.
 */
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { gapMs, silence } from '../server-machine/silence.ts';
import { pause, within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';

/** What a lease may be noticed late by. One ping and its answer, which cost the server nothing. */
const probeEveryMs = 250;

export class Hearing {
  readonly #bus: Bus;
  readonly #clock: Clock;
  /** When what is heard began to be without a gap, by the clock. */
  #since: number;
  /** When the newest answered probe was sent, by the clock and by the monotonic one: all before it was heard. */
  #upTo: number;
  #upToMonotonic: number;
  #broken = false;

  constructor({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
    this.#since = clock.now();
    this.#upTo = this.#since;
    this.#upToMonotonic = clock.monotonic();
  }

  get since(): number {
    return this.#since;
  }

  get upTo(): number {
    return this.#upTo;
  }

  /**
   * False after a gap, until what came meanwhile has been heard: answers come behind it on the same connection. So a
   * leader that was frozen hears of its successor before this turns true again.
   */
  get isCurrent(): boolean {
    return this.#clock.monotonic() - this.#upToMonotonic <= gapMs;
  }

  /** Milliseconds for which nothing came since `seenAt`, as far as it would have been heard. */
  silenceSince(seenAt: number): number {
    return silence({ seenAt, since: this.#since, upTo: this.#upTo, now: this.#clock.now() });
  }

  /** Resolves soon after the signal has fired. */
  async run(signal: AbortSignal): Promise<void> {
    // However soon it is back: others find their way back later than we do.
    const unlisten = this.#bus.onConnection(() => {
      this.#broken = true;
    });
    while (!signal.aborted) {
      await this.#probe(signal);
      await pause({ clock: this.#clock, delayMs: probeEveryMs, signal }).catch(() => undefined);
    }
    unlisten();
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const clock = this.#clock;
    const [sentAt, sentMonotonic] = [clock.now(), clock.monotonic()];
    try {
      await within({ clock, timeoutMs: gapMs, what: 'an answer of NATS', work: this.#bus.flush(), signal });
    } catch (error) {
      // No answer is a gap in the making: the next one that comes shows it.
      if (!(error instanceof Failure)) throw error;
      return;
    }
    if (this.#broken || sentMonotonic - this.#upToMonotonic > gapMs) this.#since = clock.now();
    this.#broken = false;
    this.#upTo = sentAt;
    this.#upToMonotonic = sentMonotonic;
  }
}
