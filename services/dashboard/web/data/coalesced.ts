/**
 * Many reasons to read again become one reading: the first is answered at once, what comes while it is under way waits
 * for its end, and the pause after it grows with what it cost. So ten changes or ten thousand cost the page the same.
 */
export interface CoalescedOptions {
  readonly run: () => Promise<void>;
  /** What arrives within this of the first is read together with it. */
  readonly gatherMs: number;
  /** The pause after a reading, as a share of the time it took: 1 leaves the page idle for half of its time. */
  readonly restShare: number;
}

export class Coalesced {
  readonly #options: CoalescedOptions;
  #isDue = false;
  #isRunning = false;

  constructor(options: CoalescedOptions) {
    this.#options = options;
  }

  ask(): void {
    this.#isDue = true;
    if (!this.#isRunning) void this.#work();
  }

  async #work(): Promise<void> {
    const { run, gatherMs, restShare } = this.#options;
    this.#isRunning = true;
    try {
      while (this.#isDue) {
        await pause(gatherMs);
        this.#isDue = false;
        const begun = performance.now();
        await run();
        await pause((performance.now() - begun) * restShare);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
