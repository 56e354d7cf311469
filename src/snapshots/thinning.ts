/**
 * Which snapshots to keep: the newest few for a quick start, and of the older ones so many, evenly spread, that the
 * state at any position is near one of them. Pure.
 */

export interface Kept {
  readonly name: string;
  readonly position: number;
  readonly bytes: number;
}

/** The newest, and two in case that one cannot be read. */
const newestKept = 3;
/** Of older ones at most: the state at a position of a million events is then some 30,000 events from a snapshot. */
const olderKeptMax = 32;
/** Older ones take so much at most, half of what the bucket holds. */
const olderBytesMax = 512 * 1024 * 1024;

/** Those to remove, given all that are there. */
export function superfluous(snapshots: readonly Kept[]): Kept[] {
  const sorted = [...snapshots].sort((a, b) => a.position - b.position || (a.name < b.name ? -1 : 1));
  const older = sorted.slice(0, -newestKept);
  const after = sorted.at(-newestKept)?.position ?? 0;
  const removed: Kept[] = [];
  let bytes = older.reduce((sum, one) => sum + one.bytes, 0);
  while (older.length > olderKeptMax || bytes > olderBytesMax) {
    const [least] = older.splice(leastMissed(older, after), 1);
    if (least === undefined) break;
    bytes -= least.bytes;
    removed.push(least);
  }
  return removed;
}

/** The one whose going leaves the smallest hole: so the spacing stays even while the log grows. */
function leastMissed(older: readonly Kept[], after: number): number {
  let best = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < older.length; index += 1) {
    const hole = (older[index + 1]?.position ?? after) - (older[index - 1]?.position ?? 0);
    if (hole >= smallest) continue;
    smallest = hole;
    best = index;
  }
  return best;
}
