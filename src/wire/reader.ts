/**
 * Reads MessagePack bytes in one pass, trusting none of them. By hand, since libraries need a walk before them: a
 * hundred bytes of nested array headers that claim millions of items make them allocate until the process aborts, and
 * no try/catch helps. Here an item is made when its bytes are there, and it takes as long as the library alone.
 *
 * Refused though MessagePack allows it: extensions, keys that are no strings, integers beyond 2^53, text that is not
 * UTF-8, bytes behind the value. Two readers of a message must not see two messages.
 */
import { isUtf8 } from 'node:buffer';
import { KnownTexts } from './known-texts.ts';
import { cutShort, malformed, type ReadLimits, safe, tooMuch } from './limits.ts';

export interface ReadOptions {
  readonly limits: ReadLimits;
  /** Leaves binary values as views on the bytes. */
  readonly aliasBinary: boolean;
}

/** The one value that the bytes are. Throws `malformed` with the reason. */
export function readValue(bytes: Uint8Array, options: ReadOptions): unknown {
  const reader = new Reader(bytes, options);
  const value = reader.value(0);
  reader.expectEnd();
  return value;
}

/** Keys and names of all messages together. */
const texts = new KnownTexts();

type Plain = { [key: string]: unknown };

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #limits: ReadLimits;
  readonly #aliasBinary: boolean;
  #at = 0;
  #asBuffer: Buffer | undefined;

  constructor(bytes: Uint8Array, { limits, aliasBinary }: ReadOptions) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#limits = limits;
    this.#aliasBinary = aliasBinary;
  }

  /** `depth`: of the containers it stands in. Heads are those of the MessagePack specification, "Formats". */
  value(depth: number): unknown {
    if (this.#at >= this.#end) throw cutShort();
    const head = this.#bytes[this.#at++] as number;
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, depth + 1);
    if (head < 0xa0) return this.#array(head & 0x0f, depth + 1);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    return this.#longer(head, depth);
  }

  expectEnd(): void {
    if (this.#at < this.#end) throw malformed(`${this.#end - this.#at} bytes follow the value`);
  }

  #longer(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#unsigned(1));
      case 0xc5:
        return this.#binary(this.#unsigned(2));
      case 0xc6:
        return this.#binary(this.#unsigned(4));
      case 0xca:
        return this.#view(4).getFloat32(0);
      case 0xcb:
        return this.#view(8).getFloat64(0);
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xcf:
        return this.#unsigned64();
      case 0xd0:
        return this.#view(1).getInt8(0);
      case 0xd1:
        return this.#view(2).getInt16(0);
      case 0xd2:
        return this.#view(4).getInt32(0);
      case 0xd3:
        return safe(this.#view(8).getBigInt64(0));
      case 0xd9:
        return this.#text(this.#unsigned(1));
      case 0xda:
        return this.#text(this.#unsigned(2));
      case 0xdb:
        return this.#text(this.#unsigned(4));
      case 0xdc:
        return this.#array(this.#unsigned(2), depth + 1);
      case 0xdd:
        return this.#array(this.#unsigned(4), depth + 1);
      case 0xde:
        return this.#map(this.#unsigned(2), depth + 1);
      case 0xdf:
        return this.#map(this.#unsigned(4), depth + 1);
      default:
        throw malformed(`the byte 0x${head.toString(16)} begins no value that is taken here`);
    }
  }

  #array(items: number, depth: number): unknown[] {
    const { arrayItemsMax, depthMax } = this.#limits;
    if (items > arrayItemsMax) throw tooMuch(`array of ${items} items`, arrayItemsMax);
    this.#expectItems(items);
    if (depth > depthMax && items > 0) throw tooMuch(`nesting of ${depth}`, depthMax);
    const array: unknown[] = [];
    for (let index = 0; index < items; index++) array.push(this.value(depth));
    return array;
  }

  #map(entries: number, depth: number): Plain {
    const { mapEntriesMax, depthMax } = this.#limits;
    if (entries > mapEntriesMax) throw tooMuch(`map of ${entries} entries`, mapEntriesMax);
    this.#expectItems(entries * 2);
    if (depth > depthMax && entries > 0) throw tooMuch(`nesting of ${depth}`, depthMax);
    const map: Plain = {};
    for (let index = 0; index < entries; index++) {
      const key = this.#key();
      map[key] = this.value(depth);
    }
    return map;
  }

  /** Every item takes at least one byte, so whoever claims more items than bytes are left lies. */
  #expectItems(items: number): void {
    const left = this.#end - this.#at;
    if (items > left) throw malformed(`${items} items are claimed, ${left} bytes are left`);
  }

  #key(): string {
    if (this.#at >= this.#end) throw cutShort();
    const head = this.#bytes[this.#at++] as number;
    let key: string;
    if (head >= 0xa0 && head < 0xc0) key = this.#text(head & 0x1f);
    else if (head >= 0xd9 && head <= 0xdb) key = this.#text(this.#unsigned(1 << (head - 0xd9)));
    else throw malformed('a map has a key that is no string');
    if (key === '__proto__') throw malformed('a map has the key "__proto__"');
    return key;
  }

  #text(length: number): string {
    const { stringBytesMax } = this.#limits;
    if (length > stringBytesMax) throw tooMuch(`string of ${length} bytes`, stringBytesMax);
    const start = this.#take(length);
    const bytes = { bytes: this.#bytes, start, length };
    const known = texts.find(bytes);
    if (known !== undefined) return known;
    const text = this.#string(start, start + length);
    texts.keep(text, bytes);
    return text;
  }

  #string(start: number, end: number): string {
    const bytes = this.#bytes;
    let all = 0;
    for (let at = start; at < end; at++) all |= bytes[at] as number;
    if (all < 0x80) return this.#buffer().toString('latin1', start, end);
    if (!isUtf8(bytes.subarray(start, end))) throw malformed('a string is not valid UTF-8');
    return this.#buffer().toString('utf8', start, end);
  }

  /** The same bytes, by the type that makes strings of them quickest. */
  #buffer(): Buffer {
    const { buffer, byteOffset, length } = this.#bytes;
    this.#asBuffer ??= Buffer.from(buffer, byteOffset, length);
    return this.#asBuffer;
  }

  #binary(length: number): Uint8Array {
    const { binaryBytesMax } = this.#limits;
    if (length > binaryBytesMax) throw tooMuch(`binary of ${length} bytes`, binaryBytesMax);
    const start = this.#take(length);
    const view = this.#bytes.subarray(start, start + length);
    return this.#aliasBinary ? view : new Uint8Array(view);
  }

  #unsigned(size: number): number {
    const start = this.#take(size);
    let value = 0;
    for (let index = start; index < start + size; index++) value = value * 256 + (this.#bytes[index] as number);
    return value;
  }

  /** Time stamps are of this kind: no BigInt for what fits without. */
  #unsigned64(): number {
    const high = this.#unsigned(4);
    if (high >= 0x20_0000) {
      this.#at -= 4;
      return safe(this.#view(8).getBigUint64(0));
    }
    return high * 0x1_0000_0000 + this.#unsigned(4);
  }

  #view(length: number): DataView {
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset + this.#take(length), length);
  }

  /** Steps over the bytes and gives where they begin. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw cutShort();
    this.#at = start + length;
    return start;
  }
}
