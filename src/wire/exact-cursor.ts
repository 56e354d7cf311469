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

const nothing: Buffer = Buffer.alloc(0);
/** V8 copies what is cut out of a text up to this length; a longer one is a view that keeps the text alive. */
const copiedLengthMax = 12;

export class ExactCursor {
  /** Compiled readers look at the bytes and step on by themselves. */
  bytes: Uint8Array = nothing;
  at = 0;
  /** Of the text that was stepped over last. */
  start = 0;
  length = 0;
  #end = 0;
  /** The same bytes, by the type that makes strings of them quickest; and all of them as one text, a byte a character. */
  #buffer = nothing;
  #whole: string | undefined;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.#end = bytes.length;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Keeps nothing of the bytes alive. */
  release(): void {
    this.bytes = nothing;
    this.#buffer = nothing;
    this.#whole = undefined;
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
    return this.bytes.subarray(start, start + length);
  }

  text(known: RightTexts): string {
    this.length = this.#textLength();
    this.start = this.#take(this.length);
    const found = known.find(this);
    if (found !== undefined) return found;
    const text = this.#newText(known.rules);
    known.keep(text);
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
    const { bytes, start, length } = this;
    let all = 0;
    for (let at = start; at < start + length; at++) all |= bytes[at] as number;
    return all < 0x80;
  }

  /** A short one is cut out of the text of all bytes: that costs less than to call out of JavaScript for it. */
  #ascii(): string {
    const { start, length } = this;
    if (length > copiedLengthMax) return this.#buffer.toString('latin1', start, start + length);
    this.#whole ??= this.#buffer.toString('latin1');
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

  #head(): number {
    if (this.at >= this.#end) throw notExact;
    return this.bytes[this.at++] as number;
  }

  /** A count in two bytes behind `short`, in four behind the head after it. */
  #countBehind(head: number, short: number): number {
    if (head !== short && head !== short + 1) throw notExact;
    return this.#unsigned(head === short ? 2 : 4);
  }

  /** Most numbers are such halves of a time. */
  #unsigned32(): number {
    const at = this.#take(4);
    const { bytes } = this;
    const high = (bytes[at] as number) * 0x100_0000;
    return high + (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }

  #unsigned(size: number): number {
    if (size === 4) return this.#unsigned32();
    const start = this.#take(size);
    let value = 0;
    for (let at = start; at < start + size; at++) value = value * 256 + (this.bytes[at] as number);
    return value;
  }

  /** Floats, and what is below -32. */
  #rareNumber(head: number): number {
    const size = head === 0xca ? 4 : head === 0xcb ? 8 : head >= 0xd0 && head < 0xd3 ? 1 << (head - 0xd0) : 0;
    if (size === 0) throw notExact;
    const start = this.#take(size);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + start, size);
    switch (head) {
      case 0xca:
        return view.getFloat32(0);
      case 0xcb:
        return view.getFloat64(0);
      case 0xd0:
        return view.getInt8(0);
      case 0xd1:
        return view.getInt16(0);
      default:
        return view.getInt32(0);
    }
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#end - start) throw notExact;
    this.at = start + length;
    return start;
  }
}
