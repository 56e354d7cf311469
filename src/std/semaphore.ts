/** At most so many pieces of work at once; the rest wait in order. The waiting line is as long as its callers make it. */
import { Fifo } from './fifo.ts';

export class Semaphore {
  #free: number;
  readonly #waiting = new Fifo<() => void>();

  constructor(permits: number) {
    this.#free = permits;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
