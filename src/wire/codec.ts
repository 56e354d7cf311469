/**
 * Bytes and values, in MessagePack: the only room that knows the format.
 *
 * Promises: `decode` never aborts the process, whatever the bytes; it throws `malformed`. What it returns does not
 * alias the bytes it was given, unless asked to. Must not know: what a message means.
 * Duties of the caller: cap the size of what a stranger sends before it gets here (`body.ts` does).
 */
import { Encoder } from '@msgpack/msgpack';
import { messageLimits, type ReadLimits } from './limits.ts';
import { readValue } from './reader.ts';

export interface EncodeOptions {
  /** Sorted keys give the same bytes for the same value: needed wherever an encoding is hashed. Default: false. */
  readonly sortKeys?: boolean;
}

export interface DecodeOptions {
  /** Default: `messageLimits`. */
  readonly limits?: ReadLimits;
  /** Leaves binary values as views on `bytes`, for a caller that copies what it keeps. Default: false. */
  readonly aliasBinary?: boolean;
}

/** What undefined means in a field: that it is absent. */
const plain = new Encoder({ ignoreUndefined: true, maxDepth: messageLimits.depthMax });
const sorted = new Encoder({ ignoreUndefined: true, maxDepth: messageLimits.depthMax, sortKeys: true });

export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array {
  return (options.sortKeys === true ? sorted : plain).encode(value);
}

export function decode(
  bytes: Uint8Array,
  { limits = messageLimits, aliasBinary = false }: DecodeOptions = {},
): unknown {
  return readValue(bytes, { limits, aliasBinary });
}
