/** "Did you mean": the nearest of a few names, by edits. Bounded, since hostile askers pay nothing for a typo. */

/** Names looked at for one suggestion: a fleet's groups and projects, not all of a large fleet's servers. */
const candidatesMax = 256;
/** Two edits find most typos and few coincidences. */
const editsMax = 2;
/** Below this a name is too short for two edits to mean anything: one only. */
const shortLength = 5;

/** The candidate nearest to `asked`, undefined when none is near. Case is no edit. */
export function closest(asked: string, candidates: Iterable<string>): string | undefined {
  const wanted = asked.toLowerCase();
  let best: string | undefined;
  let edits = wanted.length < shortLength ? 2 : editsMax + 1;
  let seen = 0;
  for (const candidate of candidates) {
    seen += 1;
    if (seen > candidatesMax) break;
    if (Math.abs(candidate.length - wanted.length) >= edits) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < edits) [best, edits] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, a row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
