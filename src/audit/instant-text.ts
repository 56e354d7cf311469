/** A place in history as people write it: a position, a time, or how long ago. Pure: the time comes in. */
import { parseDuration } from '../std/durations.ts';
import type { Instant } from './as-of.ts';

/** `1200` is a position; `2026-03-01T12:00:00Z` a time; `90s`, `15m` and `2h` are so long ago. */
export function parseInstant(text: string, now: number): Instant | undefined {
  if (/^\d+$/.test(text)) {
    const position = Number(text);
    return Number.isSafeInteger(position) && position > 0 ? { position } : undefined;
  }
  const ago = /[a-z]$/.test(text) ? parseDuration(text) : undefined;
  if (ago !== undefined) return { time: now - ago };
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : { time };
}
