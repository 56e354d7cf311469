/** One reader of a stream: what has come and is not yet read. Begins again from the next after each connection. */
import type { StoredMessage } from '../../../src/nats/bus.ts';
import type { SimLink } from './link.ts';
import type { Reader } from './server.ts';

export interface FollowingOptions {
  readonly link: SimLink;
  readonly stream: string;
  readonly next: number;
  readonly filter: string | undefined;
  readonly onTaken: (sequence: number) => void;
}

export class Following {
  readonly #options: FollowingOptions;
  /** The next sequence to take: all below was taken, or never asked for. */
  #next: number;
  #queue: StoredMessage[] = [];
  #reader: Reader | undefined;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  start(): void {
    const { link, stream, filter } = this.#options;
    if (this.#isStopped || !link.up) return;
    const { epoch, server } = link;
    if (this.#reader?.epoch === epoch) return;
    const reader: Reader = { link, epoch, filter, next: this.#next, take: (batch) => this.#take(batch) };
    this.#reader = reader;
    link.send(() => {
      const found = server.streams.get(stream);
      if (found !== undefined && link.epoch === epoch && !this.#isStopped) server.addReader(found, reader);
    });
  }

  shift(): StoredMessage | undefined {
    return this.#queue.shift();
  }

  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    const { link } = this.#options;
    const reader = this.#reader;
    if (reader !== undefined && link.up) link.send(() => link.server.removeReader(reader));
    this.#wake();
  }

  #take(batch: readonly StoredMessage[]): void {
    if (this.#isStopped) return;
    for (const message of batch) {
      if (message.sequence < this.#next) continue;
      this.#next = message.sequence + 1;
      this.#queue.push(message);
      this.#options.onTaken(message.sequence);
    }
    this.#wake();
  }
}
