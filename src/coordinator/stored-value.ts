/** One value as it stands in a stream of last values (GROUPS, POOLS), read back from its bytes. */
import type { z } from 'zod';
import { decode } from '../wire/codec.ts';
import { Failure } from '../std/failure.ts';
import { sameFields } from '../std/same-fields.ts';
import type { LogId, Stamp } from '../../schemas/ids.ts';

export type StoredValue = Stamp & { readonly [field: string]: unknown };

/** Stands for bytes that are no value of ours: older than any, so that whatever is put there replaces it. */
const strange: StoredValue = { log: '' as LogId, term: 0, position: 0 };

/** The value, or what stands for bytes that are none. Never throws for what the bytes are. */
export function readStored(data: Uint8Array, schema: z.ZodType<Stamp>): StoredValue {
  try {
    const value = decode(data);
    return schema.safeParse(value).success ? (value as StoredValue) : strange;
  } catch (error) {
    if (error instanceof Failure && error.code === 'malformed') return strange;
    throw error;
  }
}

/** Whether the bytes there were no value of ours: nothing follows from it, and it is only to be removed. */
export function isStrange(value: StoredValue): boolean {
  return value === strange;
}

/** Before anything is put: who wrote it last does not matter then, only what stands there and at which position. */
export function sameButTerm(current: StoredValue | undefined, value: Stamp): boolean {
  if (current === undefined) return false;
  if (current.position !== value.position || current.log !== value.log) return false;
  return sameFields(value.term === current.term ? value : { ...value, term: current.term }, current);
}
