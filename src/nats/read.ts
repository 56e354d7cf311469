/**
 * Following a stream in order, for ever. Promises: every stored message from the asked sequence on exactly once and in
 * order, whatever happens to the connection, the server or the consumer meanwhile; where the stream begins later
 * (purged, or by age), it starts at the first there is, so a reader that must not miss any compares sequences itself.
 * Ends when the signal fires; throws only what no waiting heals.
 */
import { backoffMs } from '../std/backoff.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { Fifo } from '../std/fifo.ts';
import type { ReadOptions, StoredMessage } from './bus.ts';
import type { Link } from './link.ts';
import { Puller } from './puller.ts';

/** Pauses between attempts to make a consumer: short, since leader elections take a second or so. */
const retryBackoff = { firstMs: 100, longestMs: 2_000 } as const;
/** A stream may seem missing while a cluster starts; one that is still missing after this is. */
const missingStreamPatienceMs = 5_000;

export async function* read(link: Link, options: ReadOptions): AsyncGenerator<StoredMessage, void, undefined> {
  const follower = new Follower(link, options);
  try {
    while (!options.signal.aborted) {
      const message = follower.shift();
      if (message !== undefined) yield message;
      else await follower.more();
    }
  } finally {
    await follower.stop();
  }
}

class Follower {
  readonly #link: Link;
  readonly #options: ReadOptions;
  readonly #stopping = new AbortController();
  readonly #keeping: Promise<void>;
  /** The next sequence to accept: everything below was delivered, or never asked for. */
  #next: number;
  /** Received and not yet read. A reader slower than the server never sees it empty. */
  readonly #queue = new Fifo<StoredMessage>();
  readonly #backlog = { messages: 0, bytes: 0 };
  #puller: Puller | undefined;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(link: Link, options: ReadOptions) {
    this.#link = link;
    this.#options = options;
    this.#next = Math.max(1, options.fromSequence);
    if (options.signal.aborted) this.#onAbort();
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#keeping = this.#keep().catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      this.#failure = error;
      this.#wake();
    });
  }

  shift(): StoredMessage | undefined {
    const message = this.#queue.shift();
    if (message === undefined) return undefined;
    this.#backlog.messages -= 1;
    this.#backlog.bytes -= message.data.length;
    this.#puller?.refill();
    return message;
  }

  /** Waits until there is something to shift, or the end. Throws once it is clear that nothing more can come. */
  async more(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async stop(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#onAbort();
    await this.#keeping;
  }

  readonly #onAbort = (): void => {
    this.#stopping.abort();
    this.#puller?.break('stopped');
    this.#wake();
  };

  /** One puller after the other, each from the next sequence. */
  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    let attempt = 0;
    let missingSince: number | undefined;
    while (!signal.aborted) {
      await this.#connected();
      if (signal.aborted) return;
      try {
        await this.#pullUntilBroken(() => {
          attempt = 0;
          missingSince = undefined;
        });
      } catch (error) {
        if (signal.aborted) return;
        const failure = Failure.from(error, { code: 'unavailable', retryable: false, message: 'reading a stream' });
        const now = this.#link.clock.monotonic();
        if (failure.code === 'stream-mismatch') missingSince ??= now;
        else if (!failure.retryable) throw failure;
        if (missingSince !== undefined && now - missingSince > missingStreamPatienceMs) throw failure;
      }
      attempt += 1;
      const delayMs = backoffMs(retryBackoff, attempt, Math.random());
      if (!signal.aborted) await pause({ clock: this.#link.clock, delayMs, signal });
    }
  }

  async #pullUntilBroken(onStarted: () => void): Promise<void> {
    let leave: () => void = () => undefined;
    const broken = new Promise<void>((resolve) => {
      const puller = new Puller(this.#link, {
        stream: this.#options.stream,
        fromSequence: this.#next,
        filter: this.#options.filter,
        backlog: this.#backlog,
        onMessage: (message) => this.#accept(message),
        onBroken: () => resolve(),
      });
      this.#puller = puller;
      leave = this.#link.onConnection(() => puller.break('the connection changed'));
    });
    const puller = this.#puller;
    try {
      await puller?.start(this.#stopping.signal);
      onStarted();
      await broken;
    } finally {
      leave();
      this.#puller = undefined;
      puller?.stop();
    }
  }

  #accept(message: StoredMessage): void {
    // Asked to start past its end, the server starts at the end: what lies below is not ours.
    if (message.sequence < this.#next) return;
    this.#next = message.sequence + 1;
    this.#queue.push(message);
    this.#backlog.messages += 1;
    this.#backlog.bytes += message.data.length;
    this.#wake();
  }

  /** Resolves once the connection is up, or we stop. */
  async #connected(): Promise<void> {
    const { signal } = this.#stopping;
    if (this.#link.closed) throw new Failure({ code: 'closed', retryable: false, message: 'the bus is closed' });
    if (this.#link.connected || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        leave();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const leave = this.#link.onConnection(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
