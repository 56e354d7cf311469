/**
 * Texts that were read before, one string for the same bytes: the same keys, servers, groups and people come again and
 * again, and one that was found right need not be looked at again. Bounded: a text that finds its slot taken takes it
 * over, and forgetting any of it changes nothing but time. Texts of which few come again (a fleet of many servers) get
 * more slots; those of which hardly any do (ids of commands) are not looked for, since that costs more than to make them.
 */

/** Powers of two. The most have room for what a fleet of ten thousand servers is named. */
const slotsAtFirst = 512;
const slotsMax = 16_384;
/** Looks after which it is judged whether they are worth it: enough for each of the texts to have come twice. */
const looksPerSlot = 4;
/** Of so many looks one at least must find something, or none is taken for so many rounds: what is read may have changed by then. */
const looksPerFindMax = 16;
const roundsOfRest = 16;
/** 2^32 by the golden ratio (Knuth, multiplicative hashing): names that are counted up come to lie apart. */
const spreading = 0x9e37_79b1;
/** Bytes; what is longer is a hash, a digest or a sentence, which hardly repeats. */
const knownLengthMax = 24;

export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
}

export class KnownTexts {
  #slots: string[] = new Array<string>(slotsAtFirst).fill('');
  /** What was read last: many come in a row. */
  #last = '';
  /** Where what was not found would stand; -1: nowhere, it is empty, too long, not ASCII or not looked for. */
  #slot = -1;
  /** Left in this round, and how many of those before found something. */
  #looksLeft = slotsAtFirst * looksPerSlot;
  #found = 0;
  /** Nothing is looked for in this round. */
  #rests = false;

  /** The text these bytes are, if it was kept. */
  find(text: TextBytes): string | undefined {
    // An empty one is never kept: it is what an unused slot holds.
    if (text.length > 0 && isText(text, this.#last)) return this.#last;
    this.#slot = -1;
    if (text.length === 0 || text.length > knownLengthMax) return undefined;
    this.#looksLeft -= 1;
    if (this.#looksLeft === 0) this.#judge();
    if (this.#rests) return undefined;
    this.#slot = slotOf(text, this.#slots.length);
    if (this.#slot === -1) return undefined;
    const held = this.#slots[this.#slot] as string;
    if (!isText(text, held)) return undefined;
    this.#found += 1;
    this.#last = held;
    return held;
  }

  /** Keeps the text that was not found last. */
  keep(text: string): void {
    if (this.#slot === -1) return;
    this.#slots[this.#slot] = text;
    this.#last = text;
  }

  #judge(): void {
    const slots = this.#slots.length;
    const looks = slots * looksPerSlot;
    const isHalfFound = this.#rests || this.#found * 2 >= looks;
    if (!isHalfFound && slots < slotsMax) this.#slots = new Array<string>(slots * 2).fill('');
    this.#rests = !isHalfFound && slots === slotsMax && this.#found * looksPerFindMax < looks;
    this.#looksLeft = this.#rests ? looks * roundsOfRest : this.#slots.length * looksPerSlot;
    this.#found = 0;
  }
}

function slotOf({ bytes, start, length }: TextBytes, slots: number): number {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return -1;
    hash = (hash * 31 + byte) | 0;
  }
  return (Math.imul(hash, spreading) >>> 16) & (slots - 1);
}

function isText({ bytes, start, length }: TextBytes, text: string): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== text.charCodeAt(index)) return false;
  return true;
}
