/**
 * One browser's stream of server-sent events: the log from a position on, and what changes in what is observed.
 *
 * Promises: every event from its beginning, in order, once, however far back that is; a reader that does not keep up
 * is waited for, then cut off, and goes on where it was by `Last-Event-ID`. One pump reads; being told of news only
 * wakes it.
 */
import type { ServerResponse } from 'node:http';
import type { LogId, Position } from '../../schemas/ids.ts';
import { type FilterOptions, matches } from '../../src/audit/event-filter.ts';
import type { Follower } from '../../src/follower/follower.ts';
import type { ChangedObserved } from '../../src/follower/observed-changes.ts';
import type { Clock, Timer } from '../../src/std/clock.ts';
import { textOf } from '../../src/std/failure.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { walkUp } from './log-walk.ts';
import { toldEventJson } from './told-event.ts';

/** Held for a reader that is behind, at most; past it the pump waits for it. */
const heldBytesMax = 1024 * 1024;
/** A reader that takes nothing for so long is gone, or as good as. */
const slowReaderMs = 30_000;
/** Named one by one in one word; of more the groups alone are told. */
const namedMax = 200;

export interface Standing {
  readonly position: Position;
  readonly log: LogId | null;
  readonly bus: 'connected' | 'disconnected';
  readonly leader: { readonly instance: string; readonly term: number } | null;
}

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly filter: FilterOptions;
  readonly from: Position;
  readonly follower: Follower;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEnd: () => void;
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #stop = new AbortController();
  /** The position to tell next. */
  #next: Position;
  #isPumping = false;
  /** News came while the pump was at work. */
  #again = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#next = options.from;
    options.response.once('close', () => this.#ended());
  }

  begin(standing: Standing): void {
    const { response } = this.#options;
    response.write('retry: 1000\n\n');
    this.#write('hello', standing);
    this.poke();
  }

  /** There may be something new. */
  poke(): void {
    this.#again = true;
    if (this.#isPumping || this.#stop.signal.aborted) return;
    this.#isPumping = true;
    this.#pump().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.logger.warn({ reason: textOf(error) }, 'event stream ended');
      // It comes back, and begins where it was.
      this.end();
    });
  }

  observed({ groups, servers, balancers }: ChangedObserved): void {
    // Told again with the next change, and looked at by whoever shows it: nothing to hold for a slow reader.
    if (this.#isBehind()) return;
    this.#write('observed', { groups, servers: servers.length > namedMax ? null : servers, balancers });
  }

  beat(standing: Standing): void {
    // With its position, so that who filters resumes here and not at the last event it was shown.
    if (!this.#isPumping) this.#write('beat', standing, this.#next - 1);
  }

  /** What was told is void: the browser begins anew, and without a position. */
  reset(): void {
    this.#write('reset', {});
    this.end();
  }

  end(): void {
    this.#options.response.end();
    this.#ended();
  }

  async #pump(): Promise<void> {
    const { follower, filter } = this.#options;
    const { signal } = this.#stop;
    try {
      while (this.#again && !signal.aborted) {
        this.#again = false;
        for await (const events of walkUp({ follower, from: this.#next, signal })) {
          for (const event of events) {
            if (event.position < this.#next) continue;
            this.#next = event.position + 1;
            if (matches(event, filter)) this.#writeText('log', toldEventJson(event), event.position);
          }
          if (this.#isBehind()) await this.#drained();
          if (signal.aborted) return;
        }
      }
    } finally {
      // In the turn in which it was seen that there is nothing more: a word in between is not lost.
      this.#isPumping = false;
    }
  }

  #write(event: string, data: object, id?: Position): void {
    this.#writeText(event, JSON.stringify(data), id);
  }

  #writeText(event: string, json: string, id?: Position): void {
    if (this.#stop.signal.aborted) return;
    this.#options.response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`);
  }

  #isBehind(): boolean {
    return this.#options.response.writableLength > heldBytesMax;
  }

  #drained(): Promise<void> {
    const { response, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const { signal } = this.#stop;
      const settle = (end: () => void) => () => {
        timer.cancel();
        response.off('drain', onDrain);
        signal.removeEventListener('abort', onDrain);
        end();
      };
      const onDrain = settle(resolve);
      const timer: Timer = clock.after(
        slowReaderMs,
        settle(() => reject(new Error('the reader does not keep up'))),
      );
      response.once('drain', onDrain);
      signal.addEventListener('abort', onDrain, { once: true });
    });
  }

  #ended(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#options.onEnd();
  }
}
