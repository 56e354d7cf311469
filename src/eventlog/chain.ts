/**
 * What makes the log prove itself: each record names its log, its term, its first position and the record stored
 * before it, by sequence and hash. Every reader goes through `follow`, whatever it reads for.
 *
 * Promises: a byte changed, a record lost, swapped, put in or taken from another log is `broken`, at the latest at
 * the record after it. Pure but for the hash. Must not know: where records come from or what events mean.
 * Duties of the caller: stop at `broken`; raise `log.fence-broken` at `void`, since with the fence intact there is none.
 */
import type { LogId, Position, Term } from '../../schemas/ids.ts';
import type { Record, Watermark } from '../../schemas/record.ts';
import { Failure } from '../std/failure.ts';
import type { StoredRecord } from './log-port.ts';
import { decodeRecord, type Hash, recordHash } from './record-codec.ts';

/** Where a reader stands: all that the next record is checked against. */
export interface ChainCursor {
  /** Null before the first record: then any log's first record fits. */
  readonly log: LogId | null;
  /** The highest term seen. */
  readonly term: Term;
  /** The last record's sequence, and SHA-256 of its stored bytes; 0 and empty before the first. */
  readonly sequence: number;
  readonly hash: Hash;
  /** The last event's position. */
  readonly position: Position;
  readonly watermark: Watermark;
}

export const emptyCursor: ChainCursor = {
  log: null,
  term: 0,
  sequence: 0,
  hash: new Uint8Array(0),
  position: 0,
  watermark: { stream: '', sequence: 0, hash: '' },
};

export type Followed =
  | { readonly status: 'linked'; readonly cursor: ChainCursor; readonly record: Record }
  /**
   * Of a term closed before it landed: it links in the chain, but its events never happened. It takes no position and
   * moves no watermark. It must name the record before it all the same: else one flipped bit in a term would turn
   * every record behind it void, and nothing would be broken.
   */
  | { readonly status: 'void'; readonly cursor: ChainCursor; readonly record: Record }
  | { readonly status: 'broken'; readonly sequence: number; readonly reason: string };

export function follow(cursor: ChainCursor, stored: StoredRecord): Followed {
  const { sequence, data } = stored;
  if (sequence !== cursor.sequence + 1) {
    return { status: 'broken', sequence, reason: `sequence ${cursor.sequence + 1} is missing` };
  }
  let record: Record;
  try {
    record = decodeRecord(data);
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    return { status: 'broken', sequence, reason: caught.message };
  }
  const here = { sequence, hash: recordHash(data) };
  const unlinked = wrongLink(cursor, record);
  if (unlinked !== undefined) return { status: 'broken', sequence, reason: unlinked };
  if (record.term < cursor.term) return { status: 'void', record, cursor: { ...cursor, ...here } };
  const reason = wrongPlace(cursor, record);
  if (reason !== undefined) return { status: 'broken', sequence, reason };
  return { status: 'linked', record, cursor: cursorAfter(record, here) };
}

/** Where the log stands once this record is stored: for its writer, who need not read it back. */
export function cursorAfter(record: Record, stored: { sequence: number; hash: Hash }): ChainCursor {
  return {
    log: record.log,
    term: record.term,
    sequence: stored.sequence,
    hash: stored.hash,
    position: record.first + record.events.length - 1,
    watermark: record.watermark,
  };
}

/** Why it is not the record behind the cursor's; undefined when it is. */
function wrongLink(cursor: ChainCursor, record: Record): string | undefined {
  if (cursor.log !== null && record.log !== cursor.log) return `it is of log ${record.log}, not of ${cursor.log}`;
  if (record.previousSequence !== cursor.sequence) {
    return `it follows sequence ${record.previousSequence} in term ${record.term}, not ${cursor.sequence}`;
  }
  return sameBytes(record.previousHash, cursor.hash)
    ? undefined
    : 'the record before it has another hash than it names';
}

/** Why its events cannot be the next ones; undefined when they are. */
function wrongPlace(cursor: ChainCursor, record: Record): string | undefined {
  if (record.first !== cursor.position + 1) {
    return `its first position is ${record.first}, not ${cursor.position + 1}`;
  }
  const { events } = record;
  for (let index = 0; index < events.length; index++) {
    const position = events[index]?.position;
    if (position !== record.first + index) return `an event has position ${position}, not ${record.first + index}`;
  }
  // COMMANDS may have gone back too: where it is read from is part of what a person decided.
  if (events.some(({ type }) => type === 'log.recovered')) return undefined;
  return wentBack(cursor.watermark, record.watermark);
}

function wentBack(before: Watermark, after: Watermark): string | undefined {
  if (before.stream !== after.stream || before.sequence < after.sequence) return undefined;
  if (before.sequence > after.sequence) return `its watermark went back from ${before.sequence} to ${after.sequence}`;
  return before.hash === after.hash ? undefined : `its watermark ${after.sequence} has another hash than before`;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
