/**
 * Where a compiled reader stands in its bytes, and how it takes from them what no schema is needed for. Refuses at least
 * what `reader.ts` refuses, by throwing `notExact`: a constant, since it says nothing but that there is another way.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { KnownTexts } from './known-texts.ts';
import { messageLimits } from './limits.ts';

/** Thrown where the bytes are not exactly what the schema says. */
export const notExact: unique symbol = Symbol('not exactly what the schema says');

/** Texts of one kind; those kept were found right. */
export class RightTexts extends KnownTexts {
  readonly isRight: (text: string) => boolean;

  constructor(isRight: (text: string) => boolean) {
    super();
    this.isRight = isRight;
  }
}

const nothing = new Uint8Array(0);

export class ExactCursor {
  /** Compiled readers look at the bytes and step on by themselves. */
  bytes: Uint8Array = nothing;
  at = 0;
  #end = 0;
  #asBuffer: Buffer | undefined;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.#end = bytes.length;
    this.#asBuffer = Buffer.isBuffer(bytes) ? bytes : undefined;
  }

  /** Keeps nothing of the bytes alive. */
  release(): void {
    this.bytes = nothing;
    this.#asBuffer = undefined;
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
    if (head >= 0xcc && head < 0xcf) return this.#unsigned(1 << (head - 0xcc));
    if (head === 0xcf) {
      const high = this.#unsigned(4);
      if (high >= 0x20_0000) throw notExact;
      return high * 0x1_0000_0000 + this.#unsigned(4);
    }
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
    const length = this.#textLength();
    const start = this.#take(length);
    const found = known.find({ bytes: this.bytes, start, length });
    if (found !== undefined) return found;
    const text = this.#string(start, start + length);
    if (!known.isRight(text)) throw notExact;
    known.keep(text);
    return text;
  }

  #textLength(): number {
    const head = this.#head();
    if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
    if (head < 0xd9 || head > 0xdb) throw notExact;
    const length = this.#unsigned(1 << (head - 0xd9));
    if (length > messageLimits.stringBytesMax) throw notExact;
    return length;
  }

  #string(start: number, end: number): string {
    const { bytes } = this;
    let all = 0;
    for (let at = start; at < end; at++) all |= bytes[at] as number;
    if (all < 0x80) return this.#buffer().toString('latin1', start, end);
    if (!isUtf8(bytes.subarray(start, end))) throw notExact;
    return this.#buffer().toString('utf8', start, end);
  }

  #buffer(): Buffer {
    const { buffer, byteOffset, length } = this.bytes;
    this.#asBuffer ??= Buffer.from(buffer, byteOffset, length);
    return this.#asBuffer;
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

  #unsigned(size: number): number {
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
