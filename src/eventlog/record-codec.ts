/**
 * Records and events as bytes. The read edge of the log: every event is lifted to today's shape and parsed by its
 * schema here, so that everything behind it trusts what it gets.
 *
 * The full parse fits replay: about 0.4 µs an event beside 1.6 µs to decode it.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../../schemas/events.ts';
import { Record } from '../../schemas/record.ts';
import { eventVersion, upcast } from '../../schemas/upcast.ts';
import { Failure } from '../std/failure.ts';
import { decode, encode } from '../wire/codec.ts';
import { appendArrayField } from '../wire/splice.ts';

/** All of a record but its events. */
export type RecordHead = Omit<Record, 'events'>;
/** SHA-256 of a record's bytes; empty before the first record. */
export type Hash = Record['previousHash'];

/** Encoded once, when the event is decided: its size is checked then and the same bytes go into the record. */
export function encodeEvent(event: Event): Uint8Array {
  return encode(event);
}

/** Joins events encoded earlier into a record, without encoding them again. */
export function encodeRecord(head: RecordHead, encodedEvents: readonly Uint8Array[]): Uint8Array {
  return appendArrayField({ map: encode(head), field: 'events', items: encodedEvents });
}

/** Throws `malformed` with the reason, `unsupported` for an event of a later version than this program knows. */
export function decodeRecord(bytes: Uint8Array): Record {
  const raw = decode(bytes, { aliasBinary: true }) as { events?: unknown; previousHash?: unknown };
  if (typeof raw === 'object' && raw !== null && Array.isArray(raw.events)) {
    const { events } = raw;
    for (let index = 0; index < events.length; index++) events[index] = upcast(events[index]);
  }
  const parsed = Record.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `a record: "${issue?.path.join('.')}" ${issue?.message}`;
    throw new Failure({ code: 'malformed', retryable: false, message });
  }
  const record = parsed.data;
  for (const event of record.events) if (event.version > eventVersion(event.type)) throw tooNew(event);
  // The only binary value: a view would keep the whole network buffer alive.
  record.previousHash = record.previousHash.slice();
  return record;
}

/** SHA-256 of the stored bytes, never of an encoding made again. */
export function recordHash(bytes: Uint8Array): Hash {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function tooNew({ type, version, position }: Event): Failure {
  const known = eventVersion(type);
  const message = `event ${position} is a ${type} of version ${version}; this program knows up to ${known}: upgrade it`;
  return new Failure({ code: 'unsupported', retryable: false, message });
}
