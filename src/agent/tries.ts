/**
 * How often one directive is tried, and what its receipts say meanwhile. What fails may be a bundle that is just being
 * uploaded, or one nobody will ever mend: so the tries are bounded, and when they are used up a person has to act.
 * Pure but for its own counts.
 */
import type { ProjectFailure } from '../../schemas/events.ts';
import { backoffMs } from '../std/backoff.ts';

/** About ten seconds on average: longer than an upload or an upstream's restart, and soon enough for who waits. */
export const syncAttemptsMax = 5;
const backoff = { firstMs: 1_000, longestMs: 30_000 } as const;

/**
 * Times, durations, process ids: what differs from try to try in the words of a program we do not know. Not the short
 * plain numbers, which say something, such as an HTTP status.
 */
const passing = /\d+(?:[.:]\d+)+|\d{4,}/g;

export class Tries {
  readonly #random: () => number;
  /** Tries that failed, in a row. */
  #failed = 0;
  /** What each project's version was said to fail of. */
  readonly #textByVersion = new Map<string, string>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Something else is asked for, or all went well. */
  startAfresh(): void {
    this.#failed = 0;
    this.#textByVersion.clear();
  }

  /** Milliseconds until the next try; undefined when the one that failed now was the last. */
  fail(): number | undefined {
    this.#failed += 1;
    return this.#failed >= syncAttemptsMax ? undefined : backoffMs(backoff, this.#failed, this.#random());
  }

  /** The same failures, in the same words as before where only passing numbers differ: each new word is an event. */
  steady(failures: readonly ProjectFailure[]): ProjectFailure[] {
    return failures.map(({ project, version, text }) => {
      const key = `${project}@${version}`;
      const before = this.#textByVersion.get(key);
      const kept = before !== undefined && shapeOf(before) === shapeOf(text) ? before : text;
      this.#textByVersion.set(key, kept);
      return { project, version, text: kept };
    });
  }
}

function shapeOf(text: string): string {
  return text.replaceAll(passing, '#');
}
