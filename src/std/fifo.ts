/** First in, first out, for queues that hardly ever run empty: what was taken is let go of at once, and no shift moves the rest. */

/** Free places at the front before the rest moves up, at least: then one move a thousand takes is the most it costs. */
const movesUpFrom = 1_024;

export class Fifo<T extends object> {
  /** From `#head` on; before it, nothing. */
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Undefined when it is empty. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= movesUpFrom && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
