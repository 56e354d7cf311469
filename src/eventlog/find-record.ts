/** Finds the record that holds a position. Records carry no index: their first positions only ever grow. */
import type { Position } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { Failure } from '../std/failure.ts';
import type { LogPort } from './log-port.ts';
import { decodeRecord } from './record-codec.ts';

export interface FindRecordOptions {
  readonly position: Position;
  /** Where the log ends, as its caller knows it. */
  readonly lastSequence: number;
  /** For each of the reads, about log2 of `lastSequence`. */
  readonly timeoutMs: number;
}

/**
 * The record and its sequence; undefined where the log holds no such position.
 * Trusts the chain: with void records in the log, which the fence rules out, it may find nothing.
 */
export async function findRecord(
  port: LogPort,
  { position, lastSequence, timeoutMs }: FindRecordOptions,
): Promise<{ readonly sequence: number; readonly record: Record } | undefined> {
  let low = 1;
  let high = lastSequence;
  let found: { sequence: number; record: Record } | undefined;
  // The last record that begins at or before the position; a barrier there means the position is still to come.
  while (low <= high) {
    const sequence = low + Math.floor((high - low) / 2);
    const stored = await port.get(sequence, timeoutMs);
    if (stored === undefined) throw missing(sequence, lastSequence);
    const record = decodeRecord(stored.data);
    if (record.first <= position) {
      found = { sequence, record };
      low = sequence + 1;
    } else {
      high = sequence - 1;
    }
  }
  if (found === undefined || position >= found.record.first + found.record.events.length) return undefined;
  return found;
}

function missing(sequence: number, lastSequence: number): Failure {
  const message = `record ${sequence} of ${lastSequence} is missing from the log`;
  return new Failure({ code: 'log-broken', retryable: false, message });
}
