/** Finds the record that holds a position. Records carry no index: their first positions only ever grow. */
import type { Position } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { Failure } from '../std/failure.ts';
import type { LogPort, StoredRecord } from './log-port.ts';
import { decodeRecord } from './record-codec.ts';

export interface FindRecordOptions {
  readonly position: Position;
  /** Where the log ends, as its caller knows it. */
  readonly lastSequence: number;
  /** For each of the reads, about log2 of `lastSequence`. */
  readonly timeoutMs: number;
}

/**
 * The record and its sequence; undefined where the log holds no such position. Throws `unavailable` where it does not show a
 * record before its end, and `malformed`, naming it, for one that is damaged on the way there.
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
    if (stored === undefined) throw unshown(`record ${sequence} of ${lastSequence}`);
    const record = readRecord(stored);
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

function readRecord({ sequence, data }: StoredRecord): Record {
  try {
    return decodeRecord(data);
  } catch (caught) {
    const { code, message, retryable } = Failure.from(caught, {
      code: 'malformed',
      retryable: false,
      message: 'bytes',
    });
    throw new Failure({
      code,
      retryable,
      message: `record ${sequence} of the log cannot be read: ${message}`,
      cause: caught,
    });
  }
}

/** As `findRecord` where the position was acknowledged; throws `unavailable` where it is not found. */
export async function findAcknowledged(
  port: LogPort,
  options: FindRecordOptions,
): Promise<{ readonly sequence: number; readonly record: Record }> {
  const found = await findRecord(port, options);
  if (found !== undefined) return found;
  throw unshown(`position ${options.position}, in ${options.lastSequence} records`);
}

/**
 * Whoever does not show it may have led the stream before, and lead it no more: it is to be tried again. That the log went
 * back or lacks a record is for whoever reads it in order to find.
 */
function unshown(what: string): Failure {
  const message = `the log does not show ${what}, which it acknowledged`;
  return new Failure({ code: 'unavailable', retryable: true, message });
}
