/**
 * Hashes of a log at even distances, so few that they fit into a manifest however long the log is: they say where two
 * logs that are each whole in themselves part. Pure.
 */
import type { Position } from '../../schemas/ids.ts';

/** Past so many, every other one goes and the distance doubles: below it every record has its own. */
export const marksMax = 2_048;

export interface Marked {
  /** In records. */
  readonly every: number;
  /** Of the records `every`, 2 × `every`, …: SHA-256, hex. */
  readonly hashes: readonly string[];
}

export class Marks {
  #every = 1;
  #records = 0;
  #marks: { readonly hash: string; readonly position: Position }[] = [];

  /** `position`: the last one at the end of the record. */
  take(hash: string, position: Position): void {
    this.#records += 1;
    if (this.#records % this.#every !== 0) return;
    this.#marks.push({ hash, position });
    if (this.#marks.length <= marksMax) return;
    this.#every *= 2;
    this.#marks = this.#marks.filter((_, index) => index % 2 === 1);
  }

  get marked(): Marked {
    return { every: this.#every, hashes: this.#marks.map(({ hash }) => hash) };
  }

  /** The positions and the first record among which the two part first; undefined where no common mark differs. */
  partsFrom(
    other: Marked,
  ): { readonly position: Position; readonly through: Position; readonly record: number } | undefined {
    const every = Math.max(this.#every, other.every);
    const mine = thinned(this.#marks, every / this.#every);
    const theirs = thinned(other.hashes, every / other.every);
    for (let index = 0; index < Math.min(mine.length, theirs.length); index += 1) {
      const mark = mine[index];
      if (mark === undefined || mark.hash === theirs[index]) continue;
      const position = (mine[index - 1]?.position ?? 0) + 1;
      return { position, through: Math.max(position, mark.position), record: index * every + 1 };
    }
    return undefined;
  }
}

/** Distances are powers of two: each set of marks holds all wider ones. */
function thinned<T>(marks: readonly T[], step: number): readonly T[] {
  return marks.filter((_, index) => (index + 1) % step === 0);
}
