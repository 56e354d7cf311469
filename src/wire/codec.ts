/**
 * Bytes and values, in MessagePack: the only room that knows the format.
 *
 * Promises: `decode` never aborts the process, whatever the bytes; it throws `malformed`. What it returns does not
 * alias the bytes it was given, unless asked to. Must not know: what a message means.
 * Duties of the caller: cap the size of what a stranger sends before it gets here (`body.ts` does).
 */
import { Decoder, Encoder } from '@msgpack/msgpack';
import { Failure } from '../std/failure.ts';
import { type ScanLimits, scan } from './scan.ts';

/**
 * What any message may hold: well past our largest (16 Ki servers in one list, labels in a map), far below what
 * hurts. Deeper than 32 is nobody's message.
 */
export const messageLimits: ScanLimits = {
  depthMax: 32,
  stringBytesMax: 64 * 1024,
  binaryBytesMax: 1024 * 1024,
  arrayItemsMax: 16 * 1024,
  mapEntriesMax: 4 * 1024,
};
/** For bytes whose hash was checked against one of ours, such as a snapshot's: only their structure is in doubt. */
export const ownBytesLimits: ScanLimits = {
  depthMax: 32,
  stringBytesMax: 64 * 1024 * 1024,
  binaryBytesMax: 64 * 1024 * 1024,
  arrayItemsMax: 16 * 1024 * 1024,
  mapEntriesMax: 16 * 1024 * 1024,
};

export interface EncodeOptions {
  /** Sorted keys give the same bytes for the same value: needed wherever an encoding is hashed. Default: false. */
  readonly sortKeys?: boolean;
}

export interface DecodeOptions {
  /** Default: `messageLimits`. */
  readonly limits?: ScanLimits;
  /** Leaves binary values as views on `bytes`, for a caller that copies what it keeps. Default: false. */
  readonly aliasBinary?: boolean;
}

/** What undefined means in a field: that it is absent. */
const plain = new Encoder({ ignoreUndefined: true, maxDepth: messageLimits.depthMax });
const sorted = new Encoder({ ignoreUndefined: true, maxDepth: messageLimits.depthMax, sortKeys: true });
/** Limits are the scan's: by the time the library decodes, they hold. */
const decoder = new Decoder();

export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array {
  return (options.sortKeys === true ? sorted : plain).encode(value);
}

export function decode(bytes: Uint8Array, options: DecodeOptions = {}): unknown {
  const hasBinary = scan(bytes, options.limits ?? messageLimits);
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch (caught) {
    throw Failure.from(caught, { code: 'malformed', retryable: false, message: 'the bytes are no message' });
  }
  return hasBinary && options.aliasBinary !== true ? withOwnBinary(value) : value;
}

/** Copies binary values in place: a view would keep the whole network buffer alive. */
function withOwnBinary(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value !== 'object' || value === null) return value;
  const container = value as { [key: string]: unknown };
  for (const key of Object.keys(container)) {
    const item = container[key];
    if (typeof item === 'object' && item !== null) container[key] = withOwnBinary(item);
  }
  return value;
}
