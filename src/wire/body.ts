/**
 * The body of a command or a query, as anybody may send it: one map, in MessagePack or JSON, told apart by its first
 * byte. A body that is not one is a value, since it becomes a rejection in the log.
 */
import { cutText } from '../std/cut-text.ts';
import { Failure } from '../std/failure.ts';
import { decode, encode } from './codec.ts';
import { messageLimits } from './limits.ts';

/** A command's body at most: the event it becomes must fit a record. */
export const bodyBytesMax = 256 * 1024;

export type BodyFormat = 'msgpack' | 'json';
export type Body =
  | { readonly status: 'ok'; readonly format: BodyFormat; readonly value: Record<string, unknown> }
  | { readonly status: 'malformed'; readonly message: string };

const formatByContentType = new Map<string, BodyFormat>([
  ['application/json', 'json'],
  ['application/msgpack', 'msgpack'],
  ['application/x-msgpack', 'msgpack'],
]);
/** They would reach the prototype of whatever they are copied into. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);
const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An empty body counts as an empty JSON map: so that a verb without arguments needs none. */
export function decodeBody(bytes: Uint8Array, contentType?: string): Body {
  if (bytes.length > bodyBytesMax) {
    return { status: 'malformed', message: `the body has ${bytes.length} bytes, at most ${bodyBytesMax} are taken` };
  }
  const format = formatOf(bytes);
  if (format === undefined) {
    return { status: 'malformed', message: 'the body is not one map: JSON begins with "{", MessagePack with a map' };
  }
  const mismatch = mismatchOf(format, contentType);
  if (mismatch !== undefined) return { status: 'malformed', message: mismatch };
  try {
    const value = format === 'json' ? parseJson(bytes) : decode(bytes);
    checkValue(value, 1);
    return { status: 'ok', format, value: value as Record<string, unknown> };
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    return { status: 'malformed', message: caught.message };
  }
}

/** Answers in the format the question came in. */
export function encodeAs(format: BodyFormat, value: unknown): Uint8Array {
  return format === 'json' ? Buffer.from(JSON.stringify(value)) : encode(value);
}

function formatOf(bytes: Uint8Array): BodyFormat | undefined {
  const first = bytes[0];
  if (first === undefined || first === 0x7b) return 'json';
  return (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf ? 'msgpack' : undefined;
}

function mismatchOf(format: BodyFormat, contentType: string | undefined): string | undefined {
  if (contentType === undefined || contentType === '') return undefined;
  const mediaType = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (formatByContentType.get(mediaType) === format) return undefined;
  return `Content-Type says "${cutText(contentType, 64)}", but the body is ${format === 'json' ? 'JSON' : 'MessagePack'}`;
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(strictText.decode(bytes));
  } catch (caught) {
    throw Failure.from(caught, { code: 'malformed', retryable: false, message: 'the body is no JSON' });
  }
}

/** What the reader refuses in MessagePack is refused in JSON's value. */
function checkValue(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'number':
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw refused(`the integer ${value} is beyond 2^53`);
      return;
    case 'string':
      // Half a surrogate pair has no UTF-8: the log would give back another text than was decided on.
      if (!value.isWellFormed()) throw refused('a string holds half of a surrogate pair');
      return;
    case 'object':
      if (value !== null && !(value instanceof Uint8Array)) checkContainer(value as Record<string, unknown>, depth);
      return;
    default:
      return;
  }
}

function checkContainer(container: Record<string, unknown>, depth: number): void {
  if (depth > messageLimits.depthMax) throw refused(`nesting deeper than ${messageLimits.depthMax}`);
  const isMap = !Array.isArray(container);
  for (const key of Object.keys(container)) {
    if (isMap) checkValue(key, depth);
    if (isMap && forbiddenKeys.has(key)) throw refused(`the key "${key}" is not taken`);
    checkValue(container[key], depth + 1);
  }
}

function refused(message: string): Failure {
  return new Failure({ code: 'malformed', retryable: false, message });
}
