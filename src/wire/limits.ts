/** What is taken of MessagePack, and how the rest is refused. */
import { Failure } from '../std/failure.ts';

export interface ReadLimits {
  /** Containers within containers at most. */
  readonly depthMax: number;
  readonly stringBytesMax: number;
  readonly binaryBytesMax: number;
  readonly arrayItemsMax: number;
  readonly mapEntriesMax: number;
}

/**
 * What any message may hold: well past our largest (16 Ki servers in one list, labels in a map), far below what
 * hurts. Deeper than 32 is nobody's message.
 */
export const messageLimits: ReadLimits = {
  depthMax: 32,
  stringBytesMax: 64 * 1024,
  binaryBytesMax: 1024 * 1024,
  arrayItemsMax: 16 * 1024,
  mapEntriesMax: 4 * 1024,
};
/** Beyond 2^53 two different integers decode to the same number. */
export function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw malformed(`the integer ${value} is beyond 2^53`);
  }
  return Number(value);
}

export function cutShort(): Failure {
  return malformed('the bytes end in the middle of a value');
}

export function tooMuch(what: string, most: number): Failure {
  return malformed(`a ${what}, at most ${most} is taken`);
}

export function malformed(message: string): Failure {
  return new Failure({ code: 'malformed', retryable: false, message });
}
