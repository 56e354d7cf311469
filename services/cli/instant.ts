/** A place in history as people write it: a position, a time, or how long ago. Pure but for the clock it is given. */
import { InvalidArgumentError } from 'commander';
import type { Instant } from '../../src/audit/as-of.ts';
import { parseDuration } from './durations.ts';

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

/** For commander. */
export function instant(text: string): Instant {
  const found = parseInstant(text, Date.now());
  if (found !== undefined) return found;
  throw new InvalidArgumentError('Write a position (1200), a time (2026-03-01T12:00:00Z) or how long ago (15m).');
}
