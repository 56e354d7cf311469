/**
 * Records and events as bytes. The read edge of the log: every event is lifted to today's shape and holds to its
 * schema here, so that everything behind it trusts what it gets.
 *
 * Nearly every record is exactly what its schema says, and is then read in one pass (`exact-reader.ts`). What is not (an
 * event of an earlier version or with a field of a later one, a forgery) is decoded, lifted and parsed.
 */
import { hash } from 'node:crypto';
import type { Event } from '../../schemas/events.ts';
import { Record } from '../../schemas/record.ts';
import { eventVersion, upcast } from '../../schemas/upcast.ts';
import { Failure } from '../std/failure.ts';
import { decode, encode } from '../wire/codec.ts';
import { exactReader } from '../wire/exact-reader.ts';
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

const readRecord = exactReader(Record);

/** Throws `malformed` with the reason, `unsupported` for an event of a later version than this program knows. */
export function decodeRecord(bytes: Uint8Array): Record {
  return exactRecord(bytes) ?? parsedRecord(bytes);
}

/** SHA-256 of the stored bytes, never of an encoding made again. */
export function recordHash(bytes: Uint8Array): Hash {
  // As text of one byte a character: Node gives a digest as a buffer at twice the cost of the digest.
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) digest[index] = text.charCodeAt(index);
  return digest;
}

/** Undefined where an event is of another version than today's, or the record is not exactly what its schema says. */
function exactRecord(bytes: Uint8Array): Record | undefined {
  const record = readRecord(bytes);
  if (record === undefined) return undefined;
  for (const { type, version } of record.events) if (version !== eventVersion(type)) return undefined;
  return record;
}

function parsedRecord(bytes: Uint8Array): Record {
  const raw = decode(bytes);
  const { events } = (raw ?? {}) as { readonly events?: unknown };
  const parsed = Record.safeParse(Array.isArray(events) ? { ...(raw as object), events: events.map(upcast) } : raw);
  if (!parsed.success) throw notARecord(parsed.error.issues[0]);
  for (const event of parsed.data.events) if (event.version > eventVersion(event.type)) throw tooNew(event);
  return parsed.data;
}

function notARecord(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): Failure {
  const message = `a record: "${issue?.path.join('.')}" ${issue?.message}`;
  return new Failure({ code: 'malformed', retryable: false, message });
}

function tooNew({ type, version, position }: Event): Failure {
  const known = eventVersion(type);
  const message = `event ${position} is a ${type} of version ${version}; this program knows up to ${known}: upgrade it`;
  return new Failure({ code: 'unsupported', retryable: false, message });
}
