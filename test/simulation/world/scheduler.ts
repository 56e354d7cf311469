/**
 * Time as a list of things to happen, earliest first, ties in the order they were asked for. One thing happens at a
 * time: it and everything it resolved has run to its end before the next one begins. So one seed gives one story.
 */

export interface Scheduled {
  readonly at: number;
  readonly order: number;
  /** Undefined once cancelled. */
  run: (() => void) | undefined;
}

/** Steps between two real turns of the event loop, so that whoever watches this program gets a word in. */
const stepsPerTurn = 4_096;

export class Scheduler {
  /** Milliseconds since the story began. */
  now = 0;
  steps = 0;
  /** Binary heap. */
  readonly #heap: Scheduled[] = [];
  #order = 0;
  /** Code of a process ran in this step: what it awaits has to run out before the next. */
  #entered = false;

  at(at: number, run: () => void): Scheduled {
    const entry: Scheduled = { at: Math.max(at, this.now), order: this.#order++, run };
    this.#push(entry);
    return entry;
  }

  entered(): void {
    this.#entered = true;
  }

  /** Runs what is due until `until`, or until `isOver` says so after a step. */
  async run(until: number, isOver: () => boolean): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      this.now = next.at;
      this.#entered = false;
      run();
      this.steps += 1;
      if (this.#entered) await settled();
      if (this.steps % stepsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      if (isOver()) return;
    }
    this.now = until;
  }

  #push(entry: Scheduled): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Scheduled)) break;
      heap[index] = heap[parent] as Scheduled;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Scheduled, heap[child] as Scheduled)) child += 1;
      if (!isBefore(heap[child] as Scheduled, last)) break;
      heap[index] = heap[child] as Scheduled;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * Resolves when no promise is left to run: Node takes the next tick up only once the queue of promises is empty. A
 * turn of the event loop would do as well, at ten times the price.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
