/** What the log says, as it is stored: counted, and waited for without asking. */
import type { Event, EventType } from '../../schemas/events.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { decodeRecord } from '../../src/eventlog/record-codec.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';

interface Wait {
  readonly isOver: (event: Event) => boolean;
  readonly resolve: () => void;
}

export class LogWatch {
  readonly #countByType = new Map<EventType, number>();
  readonly #waits = new Set<Wait>();
  readonly #ending = new AbortController();
  readonly #reading: Promise<void>;

  constructor(bus: Bus, fleet: FleetId) {
    this.#reading = this.#read(bus, streamNames(fleet).log);
  }

  /** How many events of a type there have been. */
  count(type: EventType): number {
    return this.#countByType.get(type) ?? 0;
  }

  /** Resolves at the first event to come of which this is true; fails past the deadline. */
  until(isOver: (event: Event) => boolean, { what, timeoutMs }: { what: string; timeoutMs: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const wait: Wait = {
        isOver,
        resolve() {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waits.delete(wait);
        reject(new Error(`waited ${timeoutMs} ms for ${what}`));
      }, timeoutMs);
      this.#waits.add(wait);
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#reading;
  }

  async #read(bus: Bus, stream: string): Promise<void> {
    for await (const { data } of bus.read({ stream, fromSequence: 1, signal: this.#ending.signal })) {
      for (const event of decodeRecord(data).events) this.#take(event);
    }
  }

  #take(event: Event): void {
    this.#countByType.set(event.type, this.count(event.type) + 1);
    for (const wait of this.#waits) {
      if (!wait.isOver(event)) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }
}
