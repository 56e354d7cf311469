/**
 * A connection of its own for runs of stored messages, opened with the first one. The server stores what a client
 * publishes in that client's own read loop, each with its sync where it syncs always: behind a run of hundreds every
 * append of the log would wait for all of them (measured: a fifth of the commands a second).
 *
 * Promises: as a run on the one connection, it settles by its deadline; while it cannot connect, runs fail retryably.
 */
import { Failure } from '../std/failure.ts';
import type { Bus, PublishOutcome } from './bus.ts';
import type { Link } from './link.ts';
import { storeRun } from './store.ts';

export class RunLink {
  readonly #open: () => Promise<Link>;
  readonly #close: (link: Link) => Promise<void>;
  #link: Promise<Link> | undefined;
  #closed = false;

  constructor(options: { open: () => Promise<Link>; close: (link: Link) => Promise<void> }) {
    this.#open = options.open;
    this.#close = options.close;
  }

  async store(run: Parameters<Bus['storeRun']>[0]): Promise<PublishOutcome> {
    if (this.#closed)
      throw new Failure({ code: 'closed', retryable: false, message: 'storing a run: the bus is closed' });
    this.#link ??= this.#open();
    let link: Link;
    try {
      link = await this.#link;
    } catch (error) {
      // The next run tries again.
      this.#link = undefined;
      throw error;
    }
    return storeRun(link, run);
  }

  async close(): Promise<void> {
    this.#closed = true;
    // One that never came has nothing to close.
    const link = await this.#link?.catch(() => undefined);
    if (link !== undefined) await this.#close(link);
  }
}
