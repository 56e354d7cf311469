/** Events, entries and small whole logs for the tests of the log. */
import type { Event } from '../../schemas/events.ts';
import { type LogId, Principal, ServerId } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { type ChainCursor, emptyCursor, follow } from '../../src/eventlog/chain.ts';
import type { LogEntry } from '../../src/eventlog/entry-queue.ts';
import type { LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';
import { LogWriter, type LogWriterOptions } from '../../src/eventlog/log-writer.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import { encodeEvent } from '../../src/eventlog/record-codec.ts';
import type { Clock } from '../../src/std/clock.ts';

export const logId = 'log-for-tests' as LogId;
/** Where a writer of an empty log begins. */
export const startCursor: ChainCursor = { ...emptyCursor, log: logId };

/** Time that passes at once: a pause takes no longer than a turn of the event loop. */
export function hastyClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    after(delayMs, run) {
      const handle = setImmediate(() => {
        now += delayMs;
        run();
      });
      return { cancel: () => clearImmediate(handle) };
    },
    soon: (run) => void setImmediate(run),
  };
}

export function eventAt(position: number, text = `server-${position}`): Event {
  return {
    position,
    version: 1,
    type: 'server.retired',
    at: 1_700_000_000_000 + position,
    principal: Principal.parse('tester'),
    data: { server: ServerId.parse(text) },
  };
}

export function entryAt(position: number, more: Partial<LogEntry> = {}): LogEntry {
  const event = more.event ?? eventAt(position);
  return { event, encoded: encodeEvent(event), ...more };
}

export function writerOn(port: LogPort, changes: Partial<LogWriterOptions> = {}): LogWriter {
  return new LogWriter({
    port,
    cursor: startCursor,
    term: 1,
    instance: 'writer-1',
    watermark: emptyCursor.watermark,
    clock: hastyClock(),
    appendTimeoutMs: 1_000,
    settleDeadlineMs: 60_000,
    onAppended: () => {},
    ...changes,
  });
}

/** A whole log: so many events a record, in that order. */
export async function logOf(
  eventCounts: readonly number[],
  changes: Partial<LogWriterOptions> = {},
): Promise<MemoryLog> {
  const port = new MemoryLog();
  const writer = writerOn(port, changes);
  let position = 0;
  for (const count of eventCounts) {
    for (let index = 0; index < count; index++) writer.add(entryAt(++position));
    await writer.drained();
  }
  return port;
}

/** Every record of a log that nobody writes to any more. */
export async function storedIn(port: LogPort): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  const lastSequence = await port.lastSequence(5_000);
  for (let sequence = 1; sequence <= lastSequence; sequence++) {
    const stored = await port.get(sequence, 5_000);
    if (stored !== undefined) records.push(stored);
  }
  return records;
}

export interface Walk {
  readonly cursor: ChainCursor;
  /** The linked ones. */
  readonly records: readonly Record[];
  readonly voidSequences: readonly number[];
  readonly broken?: { readonly sequence: number; readonly reason: string };
}

/** Follows records from the beginning, up to where the chain breaks. */
export function walk(stored: readonly StoredRecord[], from: ChainCursor = emptyCursor): Walk {
  let cursor = from;
  const records: Record[] = [];
  const voidSequences: number[] = [];
  for (const next of stored) {
    const followed = follow(cursor, next);
    if (followed.status === 'broken') return { cursor, records, voidSequences, broken: followed };
    if (followed.status === 'void') voidSequences.push(next.sequence);
    else records.push(followed.record);
    cursor = followed.cursor;
  }
  return { cursor, records, voidSequences };
}

export function positionsOf(records: readonly Record[]): number[] {
  return records.flatMap((record) => record.events.map((event) => event.position));
}

export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
