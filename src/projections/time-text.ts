/** Times and durations in a sentence. By arithmetic: this room knows no `Date`, and every machine writes the same. */

const dayMs = 86_400_000;

/** `12:04:31 UTC`: the time of day. What is awaited lies minutes ahead, so the day goes without saying. */
export function timeText(at: number): string {
  const seconds = Math.floor((at % dayMs) / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')} UTC`;
}

/** `6 s`, `1.5 s`. */
export function durationText(ms: number): string {
  return `${ms / 1_000} s`;
}
