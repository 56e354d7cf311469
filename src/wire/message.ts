/** Messages between our own processes: MessagePack on the wire, one schema each, parsed once where they arrive. */
import type { z } from 'zod';
import { Failure } from '../std/failure.ts';
import { decode, encode } from './codec.ts';
import { exactReader } from './exact-reader.ts';

export function encodeMessage(value: unknown): Uint8Array {
  return encode(value);
}

/** Throws `malformed`, naming `what` ("a receipt"), the path of the first field that is wrong and why. */
export function decodeMessage<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (caught) {
    const reason = Failure.from(caught, { code: 'malformed', retryable: false, message: 'not decoded' });
    throw new Failure({ code: 'malformed', retryable: false, message: `${what}: ${reason.message}`, cause: reason });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? '' : `"${issue.path.join('.')}" `;
  const message = `${what}: ${path}${issue?.message ?? 'does not fit its schema'}`;
  throw new Failure({ code: 'malformed', retryable: false, message });
}

/** `decodeMessage` of one kind of message that comes by the thousand: its schema is compiled, once. */
export function messageReader<T>(schema: z.ZodType<T>, what: string): (bytes: Uint8Array) => T {
  const read = exactReader(schema);
  return (bytes) => read(bytes) ?? decodeMessage(schema, bytes, what);
}

/** For beats and the like, which come again: undefined for whatever is no such message. */
export function messageOrNothing<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | undefined {
  try {
    return decodeMessage(schema, bytes, 'a message');
  } catch (caught) {
    if (caught instanceof Failure) return undefined;
    throw caught;
  }
}
