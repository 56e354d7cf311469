/**
 * Walks the structure of MessagePack bytes without decoding them. Needed before every decode: a hundred bytes of
 * nested array headers that claim millions of items make the library allocate until the process aborts, and no
 * try/catch helps. Every item takes at least one byte, so whoever claims more items than bytes are left lies.
 */
import { isUtf8 } from 'node:buffer';
import { Failure } from '../std/failure.ts';

export interface ScanLimits {
  /** Containers within containers at most. */
  readonly depthMax: number;
  readonly stringBytesMax: number;
  readonly binaryBytesMax: number;
  readonly arrayItemsMax: number;
  readonly mapEntriesMax: number;
}

/** What a head byte begins. */
const kinds = { fixed: 0, integer64: 1, string: 2, binary: 3, array: 4, map: 5, refused: 6 } as const;

/** By head byte: the kind; how many bytes its length takes; and, where none, the size itself (bytes or items). */
const kindByHead = new Uint8Array(256).fill(kinds.refused);
const lengthBytesByHead = new Uint8Array(256);
const sizeByHead = new Uint8Array(256);
fillTables();

/** From the MessagePack specification, "Formats". What stays refused: 0xc1, never used, and extensions, none of ours. */
function fillTables(): void {
  const row = (from: number, kind: number, sizes: readonly number[], lengthBytes: readonly number[] = []) => {
    for (const [index, size] of sizes.entries()) {
      kindByHead[from + index] = kind;
      sizeByHead[from + index] = size;
      lengthBytesByHead[from + index] = lengthBytes[index] ?? 0;
    }
  };
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
  row(0x00, kinds.fixed, zeros(0x80)); // small integers are their own head byte
  row(0x80, kinds.map, upTo(16));
  row(0x90, kinds.array, upTo(16));
  row(0xa0, kinds.string, upTo(32));
  row(0xc0, kinds.fixed, [0]); // nil
  row(0xc2, kinds.fixed, [0, 0]); // false, true
  row(0xc4, kinds.binary, zeros(3), [1, 2, 4]);
  row(0xca, kinds.fixed, [4, 8]); // float 32 and 64
  row(0xcc, kinds.fixed, [1, 2, 4]); // uint 8 to 32
  row(0xcf, kinds.integer64, [8]);
  row(0xd0, kinds.fixed, [1, 2, 4]); // int 8 to 32
  row(0xd3, kinds.integer64, [8]);
  row(0xd9, kinds.string, zeros(3), [1, 2, 4]);
  row(0xdc, kinds.array, zeros(2), [2, 4]);
  row(0xde, kinds.map, zeros(2), [2, 4]);
  row(0xe0, kinds.fixed, zeros(0x20)); // small negative integers
}

/** Room for any `depthMax` in use; shared, since a scan never waits. */
const levelsMax = 64;
/** By level: items still to come. */
const leftByLevel = new Int32Array(levelsMax + 1);
/** By level: 1 where it is a map, whose every other item is a key. */
const mapByLevel = new Uint8Array(levelsMax + 1);

/** True if there is any binary value: the only kind that would alias `bytes`. Throws `malformed` with the reason. */
export function scan(bytes: Uint8Array, limits: ScanLimits): boolean {
  const end = bytes.length;
  let position = 0;
  let level = 0;
  /** Items claimed and not yet seen, of all levels. */
  let pending = 1;
  let hasBinary = false;
  leftByLevel[0] = 1;
  mapByLevel[0] = 0;
  while (pending > 0) {
    if (position >= end) throw malformed('the bytes end in the middle of a value');
    const head = bytes[position++] as number;
    const left = leftByLevel[level] as number;
    leftByLevel[level] = left - 1;
    pending--;
    const kind = kindByHead[head] as number;
    if (kind === kinds.refused) throw malformed(`the byte 0x${head.toString(16)} begins no value that is taken here`);
    if (mapByLevel[level] === 1 && (left & 1) === 0 && kind !== kinds.string) {
      throw malformed('a map has a key that is no string');
    }
    const lengthBytes = lengthBytesByHead[head] as number;
    const size = lengthBytes === 0 ? (sizeByHead[head] as number) : readLength(bytes, position, lengthBytes);
    position += lengthBytes;
    if (kind >= kinds.array) {
      if (size === 0) {
        while (level > 0 && leftByLevel[level] === 0) level--;
        continue;
      }
      checkItems(kind, size, limits);
      const items = kind === kinds.map ? size * 2 : size;
      pending += items;
      if (pending > end - position) throw malformed(`${pending} items are claimed, ${end - position} bytes are left`);
      level++;
      if (level > limits.depthMax) throw tooMuch(`nesting of ${level}`, limits.depthMax);
      leftByLevel[level] = items;
      mapByLevel[level] = kind === kinds.map ? 1 : 0;
      continue;
    }
    if (position + size > end) throw malformed('the bytes end in the middle of a value');
    if (kind === kinds.string) checkText(bytes, { start: position, length: size }, limits);
    else if (kind === kinds.integer64) checkInteger(bytes, position, head === 0xd3);
    else if (kind === kinds.binary) {
      hasBinary = true;
      if (size > limits.binaryBytesMax) throw tooMuch(`binary of ${size} bytes`, limits.binaryBytesMax);
    }
    position += size;
    while (level > 0 && leftByLevel[level] === 0) level--;
  }
  if (position < end) throw malformed(`${end - position} bytes follow the value`);
  return hasBinary;
}

function readLength(bytes: Uint8Array, position: number, lengthBytes: number): number {
  if (position + lengthBytes > bytes.length) throw malformed('the bytes end in the middle of a length');
  let length = 0;
  for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[position + index] as number);
  return length;
}

function checkItems(kind: number, items: number, { arrayItemsMax, mapEntriesMax }: ScanLimits): void {
  if (kind === kinds.map && items > mapEntriesMax) throw tooMuch(`map of ${items} entries`, mapEntriesMax);
  if (kind === kinds.array && items > arrayItemsMax) throw tooMuch(`array of ${items} items`, arrayItemsMax);
}

/** The library reads strings leniently, short and long ones differently: two readers would see two texts. */
function checkText(bytes: Uint8Array, text: { start: number; length: number }, { stringBytesMax }: ScanLimits): void {
  const { start, length } = text;
  if (length > stringBytesMax) throw tooMuch(`string of ${length} bytes`, stringBytesMax);
  const end = start + length;
  for (let position = start; position < end; position++) {
    if ((bytes[position] as number) >= 0x80) {
      if (!isUtf8(bytes.subarray(position, end))) throw malformed('a string is not valid UTF-8');
      return;
    }
  }
}

/** Beyond 2^53 two different integers decode to the same number. */
function checkInteger(bytes: Uint8Array, position: number, signed: boolean): void {
  // Every time stamp comes by here: below 2^53 the first byte is 0 and the second at most 0x1f, without a BigInt.
  if (bytes[position] === 0 && (bytes[position + 1] as number) < 0x20) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset + position, 8);
  const value = signed ? view.getBigInt64(0) : view.getBigUint64(0);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw malformed(`the integer ${value} is beyond 2^53`);
  }
}

function tooMuch(what: string, most: number): Failure {
  return malformed(`a ${what}, at most ${most} is taken`);
}

export function malformed(message: string): Failure {
  return new Failure({ code: 'malformed', retryable: false, message });
}
