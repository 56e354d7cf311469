/** A bus in memory and a clock the test moves: for what a client does with the answers it gets, or does not get. */
import type { Bus, BusMessage, PublishOutcome } from '../../../src/nats/bus.ts';
import type { Clock } from '../../../src/std/clock.ts';
import { Failure } from '../../../src/std/failure.ts';

export interface Stored {
  readonly subject: string;
  readonly data: Uint8Array;
}

export class FakeBus {
  readonly stored: Stored[] = [];
  /** What `store` does; by default it acknowledges. */
  onStore: (message: Stored) => Promise<PublishOutcome> = () =>
    Promise.resolve({ status: 'stored', sequence: this.stored.length, duplicate: false });
  readonly #listeners: { subject: string; onMessage: (message: BusMessage) => void }[] = [];
  readonly #connection: ((status: 'connected' | 'disconnected') => void)[] = [];

  /** Only what a client's commands use; anything else is a test that asks too much of a fake. */
  asBus(): Bus {
    const bus = {
      store: (message: Stored) => {
        this.stored.push(message);
        return this.onStore(message);
      },
      subscribe: (listener: { subject: string; onMessage: (message: BusMessage) => void }) => {
        this.#listeners.push(listener);
        return { unsubscribe: () => undefined };
      },
      onConnection: (listener: (status: 'connected' | 'disconnected') => void) => {
        this.#connection.push(listener);
        return () => undefined;
      },
    };
    return bus as unknown as Bus;
  }

  deliver(subject: string, data: Uint8Array): void {
    for (const { subject: pattern, onMessage } of this.#listeners) {
      if (subject.startsWith(pattern.replace(/\*$/, ''))) onMessage({ subject, data, respond: () => false });
    }
  }

  connection(status: 'connected' | 'disconnected'): void {
    for (const listener of this.#connection) listener(status);
  }
}

export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  after(delayMs: number, run: () => void) {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    const cancel = () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
    return { cancel };
  }
  soon(run: () => void): void {
    setImmediate(run);
  }
  get timers(): number {
    return this.#timers.length;
  }

  /** Moves time on, running what is due in order, and lets promises settle. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      due.run();
      await Promise.resolve();
    }
    this.#now = until;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function disconnected(): Failure {
  return new Failure({ code: 'disconnected', retryable: true, message: 'the connection to NATS is down' });
}
