/**
 * What the pattern of a name asks, byte by byte: new names come by the million (every command has one), and to try a
 * pattern on a text that was just made costs more than to make it.
 */
import type { TextBytes } from './known-texts.ts';

/** 1 for each byte that may stand there, so what is spelled by it is ASCII. */
export interface Spelling {
  readonly first: Uint8Array;
  readonly others: Uint8Array;
  /** Bytes, the first among them. */
  readonly lengthMin: number;
  readonly lengthMax: number;
}

/** Such as `^[a-z][a-z0-9-]{0,62}$`: one set of characters for the first, one for the others. No escapes, none left out. */
const ofAName = /^\^(\[[^\]\\^]+\])(\[[^\]\\^]+\])\{(\d+),(\d+)\}\$$/;

/** Undefined: the pattern is no such one. */
export function spellingOf({ source, flags }: RegExp): Spelling | undefined {
  const [, first, others, fewest, most] = flags === '' ? (ofAName.exec(source) ?? []) : [];
  if (first === undefined || others === undefined) return undefined;
  return {
    first: bytesOf(first),
    others: bytesOf(others),
    lengthMin: 1 + Number(fewest),
    lengthMax: 1 + Number(most),
  };
}

export function isSpelled({ bytes, start, length }: TextBytes, spelling: Spelling): boolean {
  if (length < spelling.lengthMin || length > spelling.lengthMax) return false;
  const { first, others } = spelling;
  let isRight = first[bytes[start] as number] as number;
  for (let at = start + 1; at < start + length; at++) isRight &= others[bytes[at] as number] as number;
  return isRight === 1;
}

function bytesOf(set: string): Uint8Array {
  const pattern = new RegExp(set);
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 0x80 && pattern.test(String.fromCharCode(byte))));
}
