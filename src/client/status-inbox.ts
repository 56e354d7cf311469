/** The statuses a group publishes, as one waiter hears them. Duty of the caller: `close()`. */
import { GroupStatus } from '../../schemas/group-status.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { decodeMessage } from '../wire/message.ts';

interface HearOptions {
  readonly clock: Clock;
  readonly delayMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The newest status heard and not yet looked at. Bytes are decoded by whoever takes them, who may fail; we may not. */
export class StatusInbox {
  readonly #subscription: { unsubscribe(): void };
  readonly #subject: string;
  #data: Uint8Array | undefined;
  #wake: () => void = () => undefined;

  constructor(bus: Bus, subject: string) {
    this.#subject = subject;
    this.#subscription = bus.subscribe({
      subject,
      onMessage: ({ data }) => {
        this.#data = data.slice();
        this.#wake();
      },
    });
  }

  take(): GroupStatus | undefined {
    const data = this.#data;
    this.#data = undefined;
    return data === undefined || data.length === 0
      ? undefined
      : decodeMessage(GroupStatus, data, `a status on ${this.#subject}`);
  }

  /** True as soon as there is something to take, false after the delay. Rejects with `aborted` on the signal. */
  async wait({ clock, delayMs, signal }: HearOptions): Promise<boolean> {
    if (this.#data !== undefined) return true;
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    try {
      await pause({ clock, delayMs, signal: either });
      return false;
    } catch (caught) {
      if (signal?.aborted || !stop.signal.aborted) throw caught;
      return true;
    }
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}
