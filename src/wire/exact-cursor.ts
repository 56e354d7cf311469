/**
 * Where a compiled reader stands in its bytes, and how it takes from them what no schema is needed for. Refuses at least
 * what `reader.ts` refuses, by throwing `notExact`: a constant, since it says nothing but that there is another way.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { KnownTexts } from './known-texts.ts';
import { messageLimits } from './limits.ts';
import { isSpelled, type Spelling } from './spelling.ts';

/** Thrown where the bytes are not exactly what the schema says. */
export const notExact: unique symbol = Symbol('not exactly what the schema says');

export interface TextRules {
  /** Absent: every text is right. */
  readonly isRight?: (text: string) => boolean;
  /** All that is asked, said of the bytes. */
  readonly spelling?: Spelling | undefined;
}

/** Texts of one kind; those kept were found right. */
export class RightTexts extends KnownTexts {
  readonly rules: TextRules;

  constructor(rules: TextRules) {
    super();
    this.rules = rules;
  }
}

/** Begins no value and stands in no text, so that whatever is read across the end is not what it was taken for. */
const noByte = 0xc1;
/** Behind the end, at least: a text that is looked for is compared as a whole, and none is so long. */
const marginBytes = 256;
const bytesAtFirst = 4 * 1024;
/** What is longer is left to whoever decodes: its room would be kept for good. Twice what a record may take. */
const bytesMax = 1024 * 1024;
/** V8 copies what is cut out of a text up to this length; a longer one is a view that keeps the text alive. */
const copiedLengthMax = 12;

export class ExactCursor {
  /**
   * What is read is copied here, the same array each time: to wrap other bytes each time, as the types that read them
   * quickest, costs more than the copy. Compiled readers look at these and step on by themselves.
   */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  view: DataView<ArrayBuffer> = new DataView(this.bytes.buffer);
  at = 0;
  /** Of the text that was stepped over last. */
  start = 0;
  length = 0;
  #end = 0;
  #buffer = Buffer.from(this.bytes.buffer);
  /** All that is read as one text, a byte a character. */
  #whole: string | undefined;

  begin(bytes: Uint8Array): void {
    if (bytes.length > bytesMax) throw notExact;
    if (bytes.length + marginBytes > this.bytes.length) this.#makeRoom(bytes.length);
    this.bytes.set(bytes);
    this.at = 0;
    this.#end = bytes.length;
    this.bytes[this.#end] = noByte;
    this.#whole = undefined;
  }

  #makeRoom(length: number): void {
    this.bytes = new Uint8Array(Math.max(bytesAtFirst, 2 * length) + marginBytes);
    this.view = new DataView(this.bytes.buffer);
    this.#buffer = Buffer.from(this.bytes.buffer);
  }

  get isAtEnd(): boolean {
    return this.at === this.#end;
  }

  /** Entries of the map that begins here. */
  entries(): number {
    const head = this.#head();
    const count = head >= 0x80 && head < 0x90 ? head & 0x0f : this.#countBehind(head, 0xde);
    if (count > messageLimits.mapEntriesMax || count * 2 > this.#end - this.at) throw notExact;
    return count;
  }

  /** Items of the array that begins here. */
  items(): number {
    const head = this.#head();
    const count = head >= 0x90 && head < 0xa0 ? head & 0x0f : this.#countBehind(head, 0xdc);
    if (count > messageLimits.arrayItemsMax || count > this.#end - this.at) throw notExact;
    return count;
  }

  number(): number {
    const head = this.#head();
    if (head < 0x80) return head;
    if (head === 0xcf) {
      const high = this.#unsigned32();
      if (high >= 0x20_0000) throw notExact;
      return high * 0x1_0000_0000 + this.#unsigned32();
    }
    if (head >= 0xcc && head < 0xcf) return this.#unsigned(1 << (head - 0xcc));
    return head >= 0xe0 ? head - 0x100 : this.#rareNumber(head);
  }

  boolean(): boolean {
    const head = this.#head();
    if (head !== 0xc2 && head !== 0xc3) throw notExact;
    return head === 0xc3;
  }

  binary(): Uint8Array {
    const head = this.#head();
    if (head < 0xc4 || head > 0xc6) throw notExact;
    const length = this.#unsigned(1 << (head - 0xc4));
    if (length > messageLimits.binaryBytesMax) throw notExact;
    const start = this.#take(length);
    const binary = new Uint8Array(length);
    // By hand: the few bytes of a hash are copied before `slice` has looked at what it was given.
    for (let index = 0; index < length; index += 1) binary[index] = this.bytes[start + index] as number;
    return binary;
  }

  text(known: RightTexts): string {
    this.length = this.#textLength();
    this.start = this.#take(this.length);
    const found = known.find(this);
    if (found !== undefined) return found;
    const text = this.#newText(known.rules);
    known.keep(text, this);
    return text;
  }

  #newText({ isRight, spelling }: TextRules): string {
    if (spelling !== undefined) {
      if (!isSpelled(this, spelling)) throw notExact;
      return this.#ascii();
    }
    const text = this.#isAscii() ? this.#ascii() : this.#utf8();
    if (isRight !== undefined && !isRight(text)) throw notExact;
    return text;
  }

  #isAscii(): boolean {
    const { bytes, view, start, length } = this;
    const end = start + length;
    let at = start;
    let all = 0;
    for (; at + 4 <= end; at += 4) all |= view.getInt32(at);
    for (; at < end; at++) all |= bytes[at] as number;
    return (all & 0x8080_8080) === 0;
  }

  /** A short one is cut out of the text of all bytes: that costs less than to call out of JavaScript for it. */
  #ascii(): string {
    const { start, length } = this;
    if (length > copiedLengthMax) return this.#buffer.toString('latin1', start, start + length);
    this.#whole ??= this.#buffer.toString('latin1', 0, this.#end);
    return this.#whole.substring(start, start + length);
  }

  #utf8(): string {
    const { bytes, start, length } = this;
    if (!isUtf8(bytes.subarray(start, start + length))) throw notExact;
    return this.#buffer.toString('utf8', start, start + length);
  }

  #textLength(): number {
    const head = this.#head();
    if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
    if (head < 0xd9 || head > 0xdb) throw notExact;
    const length = this.#unsigned(1 << (head - 0xd9));
    if (length > messageLimits.stringBytesMax) throw notExact;
    return length;
  }

  /** At the end it is `noByte`. */
  #head(): number {
    return this.bytes[this.at++] as number;
  }

  /** A count in two bytes behind `short`, in four behind the head after it. */
  #countBehind(head: number, short: number): number {
    if (head !== short && head !== short + 1) throw notExact;
    return this.#unsigned(head === short ? 2 : 4);
  }

  #unsigned32(): number {
    return this.view.getUint32(this.#take(4));
  }

  #unsigned(size: number): number {
    if (size === 4) return this.#unsigned32();
    const start = this.#take(size);
    return size === 2 ? this.view.getUint16(start) : (this.bytes[start] as number);
  }

  /** Floats, and what is below -32. */
  #rareNumber(head: number): number {
    const size = head === 0xca ? 4 : head === 0xcb ? 8 : head >= 0xd0 && head < 0xd3 ? 1 << (head - 0xd0) : 0;
    if (size === 0) throw notExact;
    const start = this.#take(size);
    const { view } = this;
    switch (head) {
      case 0xca:
        return view.getFloat32(start);
      case 0xcb:
        return view.getFloat64(start);
      case 0xd0:
        return view.getInt8(start);
      case 0xd1:
        return view.getInt16(start);
      default:
        return view.getInt32(start);
    }
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#end - start) throw notExact;
    this.at = start + length;
    return start;
  }
}
