/** At most so many pieces of long work at once; whoever comes then is told so at once instead of waiting for nothing. */
import { Problem } from './problem.ts';

export class Few {
  readonly #max: number;
  readonly #what: string;
  #running = 0;

  /** `what`: for people, in the plural: "readings of the whole log". */
  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) {
      const detail = `${this.#max} ${this.#what} are under way already`;
      throw new Problem({ status: 503, code: 'overloaded', detail, next: 'ask again in a while' });
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
