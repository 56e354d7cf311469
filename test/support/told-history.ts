/** A log told as facts, one event a record, each with who asked and why: what an audit reads, without a fleet. */
import { createHash } from 'node:crypto';
import type { Event } from '../../schemas/events.ts';
import type { LogId } from '../../schemas/ids.ts';
import type { LogSource } from '../../src/audit/log-source.ts';
import type { Fact } from '../../src/domain/ruling.ts';
import { eventVersion } from '../../schemas/upcast.ts';
import { type ChainCursor, cursorAfter, emptyCursor } from '../../src/eventlog/chain.ts';
import { encodeEvent, encodeRecord, type RecordHead, recordHash } from '../../src/eventlog/record-codec.ts';
import { epoch } from './decider-spec.ts';
import { memorySource } from './export-tampering.ts';

export interface Told {
  readonly fact: Fact;
  /** Default: the leader itself, `system`. With one, a command is behind it. */
  readonly by?: string;
  readonly reason?: string;
}

/** Event p stands at `epoch` + p seconds, in record p. */
export function toldSource(told: readonly Told[]): LogSource {
  return eventsSource(told.map((one, index) => eventOf(one, index + 1)));
}

/** Whole events, from position 1, one a record. */
export function eventsSource(events: readonly Event[]): LogSource {
  const log = 'log-of-tests' as LogId;
  const records: Uint8Array[] = [];
  let cursor: ChainCursor = emptyCursor;
  for (const [index, event] of events.entries()) {
    const head: RecordHead = {
      format: 1,
      log,
      term: 1,
      writer: 'told',
      counter: index + 1,
      first: index + 1,
      previousSequence: cursor.sequence,
      previousHash: cursor.hash,
      watermark: cursor.watermark,
    };
    const data = encodeRecord(head, [encodeEvent(event)]);
    records.push(data);
    cursor = cursorAfter({ ...head, events: [event] }, { sequence: index + 1, hash: recordHash(data) });
  }
  return memorySource(records);
}

function eventOf({ fact, by, reason }: Told, position: number): Event {
  const hash = createHash('sha256').update(`command-${position}`).digest('hex').slice(0, 32);
  return {
    position,
    version: eventVersion(fact.type),
    at: epoch + position * 1_000,
    principal: by ?? 'system',
    ...(by === undefined
      ? {}
      : { command: { id: `command-${position}`, hash }, askedAt: epoch + position * 1_000 - 5 }),
    ...(reason === undefined ? {} : { reason }),
    ...fact,
  } as Event;
}
