/**
 * Records and events as bytes. The read edge of the log: every event is lifted to today's shape and holds to its
 * schema here, so that everything behind it trusts what it gets.
 *
 * Nearly every event is exactly what its schema says, and checking that costs a tenth of parsing it. What is not (a
 * field of a later version, a forgery) is parsed in full.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Event } from '../../schemas/events.ts';
import { exactly } from '../../schemas/exact.ts';
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

/** All but its hash, which is no kind of value that a schema describes. */
const isRecord = exactly(z.object({ ...Record.shape, previousHash: z.unknown() }));

/** Throws `malformed` with the reason, `unsupported` for an event of a later version than this program knows. */
export function decodeRecord(bytes: Uint8Array): Record {
  const raw = decode(bytes, { aliasBinary: true });
  const record = exactRecord(raw) ?? parsedRecord(raw);
  for (const event of record.events) if (event.version > eventVersion(event.type)) throw tooNew(event);
  // The only binary value: a view would keep the whole network buffer alive.
  record.previousHash = record.previousHash.slice();
  return record;
}

/** SHA-256 of the stored bytes, never of an encoding made again. */
export function recordHash(bytes: Uint8Array): Hash {
  // As text of one byte a character: Node gives a digest as a buffer at twice the cost of the digest.
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) digest[index] = text.charCodeAt(index);
  return digest;
}

/** The record as it was decoded, if parsing it would give the same; its events are lifted in place in any case. */
function exactRecord(raw: unknown): Record | undefined {
  const { events, previousHash } = (raw ?? {}) as Partial<Record>;
  if (!Array.isArray(events)) return undefined;
  for (let index = 0; index < events.length; index++) events[index] = upcast(events[index]) as Event;
  return previousHash instanceof Uint8Array && isRecord(raw) ? (raw as Record) : undefined;
}

function parsedRecord(raw: unknown): Record {
  const parsed = Record.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const message = `a record: "${issue?.path.join('.')}" ${issue?.message}`;
  throw new Failure({ code: 'malformed', retryable: false, message });
}

function tooNew({ type, version, position }: Event): Failure {
  const known = eventVersion(type);
  const message = `event ${position} is a ${type} of version ${version}; this program knows up to ${known}: upgrade it`;
  return new Failure({ code: 'unsupported', retryable: false, message });
}
