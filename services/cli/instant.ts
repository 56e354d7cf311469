/** A place in history as an argument on the command line. */
import { InvalidArgumentError } from 'commander';
import type { Instant } from '../../src/audit/as-of.ts';
import { parseInstant } from '../../src/audit/instant-text.ts';

/** For commander. */
export function instant(text: string): Instant {
  const found = parseInstant(text, Date.now());
  if (found !== undefined) return found;
  throw new InvalidArgumentError('Write a position (1200), a time (2026-03-01T12:00:00Z) or how long ago (15m).');
}
