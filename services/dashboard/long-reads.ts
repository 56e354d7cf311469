/** Readings of the whole log, or of much of it: few at a time, bounded in time, and telling how far they are. */
import { z } from 'zod';
import type { Progress } from '../../src/audit/progress.ts';
import type { Telling } from './answer-lines.ts';

/** Each takes a good part of a core, and two of them leave none. */
export const longReadsMax = 2;
/** A million events take half a minute. */
export const longReadTimeoutMs = 10 * 60_000;

/** About once a second, of what takes longer than that. */
export const ProgressLine = z.strictObject({ progress: z.object({ records: z.int(), position: z.int().min(0) }) });

/** `until`: from there on other lines show that it moves. */
export function progressLine(
  tell: Telling['tell'],
  { until = Number.POSITIVE_INFINITY }: { readonly until?: number } = {},
): (progress: Progress) => void {
  // Who has gone ends the reading itself, by the signal.
  return (progress) => void (progress.position < until && tell({ progress }).catch(() => undefined));
}
