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
  /** Beside the texts the bytes they were read from: to compare those costs less than to ask a string for its characters. */
  #texts = new Array<string>(slotsAtFirst).fill('');
  #bytes = new Uint8Array(slotsAtFirst * knownLengthMax);
  /** 0: nothing is kept there. */
  #lengths = new Uint8Array(slotsAtFirst);
  /** Where what was read last stands: many come in a row. */
  #last = 0;
  /** Where what was not found would stand; -1: nowhere, it is empty, too long, not ASCII or not looked for. */
  #slot = -1;
  /** Left in this round, and how many of those before found something. */
  #looksLeft = slotsAtFirst * looksPerSlot;
  #found = 0;
  /** Nothing is looked for in this round. */
  #rests = false;

  /** The text these bytes are, if it was kept. */
  find(text: TextBytes): string | undefined {
    const { length } = text;
    this.#slot = -1;
    if (length === 0 || length > knownLengthMax) return undefined;
    if (this.#isAt(this.#last, text)) return this.#texts[this.#last];
    this.#looksLeft -= 1;
    if (this.#looksLeft === 0) this.#judge();
    if (this.#rests) return undefined;
    const slot = slotOf(text, this.#lengths.length);
    if (slot === -1) return undefined;
    if (this.#isAt(slot, text)) {
      this.#found += 1;
      this.#last = slot;
      return this.#texts[slot];
    }
    this.#slot = slot;
    return undefined;
  }

  /** Keeps the text that was not found last, of these bytes. */
  keep(text: string, { bytes, start, length }: TextBytes): void {
    const slot = this.#slot;
    if (slot === -1) return;
    this.#texts[slot] = text;
    this.#lengths[slot] = length;
    const base = slot * knownLengthMax;
    for (let index = 0; index < length; index++) this.#bytes[base + index] = bytes[start + index] as number;
    this.#last = slot;
  }

  #isAt(slot: number, { bytes, start, length }: TextBytes): boolean {
    if (this.#lengths[slot] !== length) return false;
    const held = this.#bytes;
    const base = slot * knownLengthMax;
    for (let index = 0; index < length; index++) if (held[base + index] !== bytes[start + index]) return false;
    return true;
  }

  #judge(): void {
    const slots = this.#lengths.length;
    const looks = slots * looksPerSlot;
    const isHalfFound = this.#rests || this.#found * 2 >= looks;
    if (!isHalfFound && slots < slotsMax) this.#makeRoom(slots * 2);
    this.#rests = !isHalfFound && slots === slotsMax && this.#found * looksPerFindMax < looks;
    this.#looksLeft = this.#rests ? looks * roundsOfRest : this.#lengths.length * looksPerSlot;
    this.#found = 0;
  }

  /** What was kept is forgotten. */
  #makeRoom(slots: number): void {
    this.#texts = new Array<string>(slots).fill('');
    this.#bytes = new Uint8Array(slots * knownLengthMax);
    this.#lengths = new Uint8Array(slots);
    this.#last = 0;
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
