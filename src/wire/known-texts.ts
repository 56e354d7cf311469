/**
 * Texts that were read before, one string for the same bytes: the same keys, servers, groups and people come again and
 * again, and one that was found right need not be looked at again. Bounded: a text that finds its slot taken takes it
 * over, and forgetting any of it changes nothing but time.
 */

/** A power of two. */
const slotsMax = 512;
/** Bytes; what is longer is a hash, a digest or a sentence, which hardly repeats. */
const knownLengthMax = 24;

export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
}

export class KnownTexts {
  readonly #slots: string[] = new Array<string>(slotsMax).fill('');
  /** What was read last: many come in a row. */
  #last = '';
  /** Where what was not found would stand; -1: nowhere, it is empty, too long or not ASCII. */
  #slot = -1;

  /** The text these bytes are, if it was kept. */
  find(text: TextBytes): string | undefined {
    // An empty one is never kept: it is what an unused slot holds.
    if (text.length > 0 && isText(text, this.#last)) return this.#last;
    this.#slot = slotOf(text);
    if (this.#slot === -1) return undefined;
    const held = this.#slots[this.#slot] as string;
    if (!isText(text, held)) return undefined;
    this.#last = held;
    return held;
  }

  /** Keeps the text that was not found last. */
  keep(text: string): void {
    if (this.#slot === -1) return;
    this.#slots[this.#slot] = text;
    this.#last = text;
  }
}

function slotOf({ bytes, start, length }: TextBytes): number {
  if (length === 0 || length > knownLengthMax) return -1;
  let hash = length;
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return -1;
    hash = (hash * 31 + byte) | 0;
  }
  return (hash ^ (hash >>> 9)) & (slotsMax - 1);
}

function isText({ bytes, start, length }: TextBytes, text: string): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== text.charCodeAt(index)) return false;
  return true;
}
