/** Keys that are due at a time, earliest first: a binary heap. A key put again counts at its newest time only. */

interface Entry<K> {
  readonly key: K;
  readonly at: number;
}

/** Fewer stale entries than this are no matter. */
const staleMin = 64;

export class DueQueue<K> {
  /** Heap by `at`; entries whose time in `#atByKey` differs are stale and passed over, and never the most of it. */
  #heap: Entry<K>[] = [];
  readonly #atByKey = new Map<K, number>();

  put(key: K, at: number): void {
    if (this.#atByKey.get(key) === at) return;
    this.#atByKey.set(key, at);
    if (this.#heap.length >= 2 * this.#atByKey.size + staleMin) this.#sweep();
    else this.#push({ key, at });
  }

  remove(key: K): void {
    this.#atByKey.delete(key);
  }

  /** Takes out every key due at or before `now`, earliest first. */
  takeDue(now: number): K[] {
    const due: K[] = [];
    for (let next = this.#peek(); next !== undefined && next.at <= now; next = this.#peek()) {
      this.#pop();
      this.#atByKey.delete(next.key);
      due.push(next.key);
    }
    return due;
  }

  /** When the next key is due; undefined when none waits. */
  nextAt(): number | undefined {
    return this.#peek()?.at;
  }

  /** A key that is put again and again for a far time would fill the heap until then. */
  #sweep(): void {
    this.#heap = [];
    for (const [key, at] of this.#atByKey) this.#push({ key, at });
  }

  #peek(): Entry<K> | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || this.#atByKey.get(top.key) === top.at) return top;
      this.#pop();
    }
  }

  #push(entry: Entry<K>): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (at(heap, parent) <= entry.at) break;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ; ) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && at(heap, child) < at(heap, smallest)) smallest = child;
      }
      if (smallest === index) return;
      swap(heap, index, smallest);
      index = smallest;
    }
  }
}

function at<K>(heap: Entry<K>[], index: number): number {
  return (heap[index] as Entry<K>).at;
}

function swap<K>(heap: Entry<K>[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as Entry<K>, heap[a] as Entry<K>];
}
