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

/** Room for any `depthMax` in use; the stack below is shared, since a scan never waits. */
const stackDepth = 64;
/** Items still to come, by level; -1 entries are never read. */
const leftByLevel = new Int32Array(stackDepth + 1);
/** 1 where the level is a map, whose every other item is a key. */
const mapByLevel = new Uint8Array(stackDepth + 1);

/** Bytes after the head byte for numbers and the like (0xc0 to 0xdf), -1: has a length or is not allowed. */
const fixedBytes = new Int8Array(32).fill(-1);
fixedBytes.set([0], 0x00); // nil
fixedBytes.set([0, 0], 0x02); // false, true
fixedBytes.set([4, 8, 1, 2, 4, 8, 1, 2, 4, 8], 0x0a); // float 32 and 64, uint 8 to 64, int 8 to 64

/** True if there is any binary value: the only kind that would alias `bytes`. Throws `malformed` with the reason. */
export function scan(bytes: Uint8Array, limits: ScanLimits): boolean {
  const end = bytes.length;
  let position = 0;
  let level = 0;
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
    let text = -1;
    let items = -1;
    let isMap = 0;
    if (head < 0x80 || head >= 0xe0) {
      // A small integer is its own head byte.
    } else if (head < 0x90) {
      items = head - 0x80;
      isMap = 1;
    } else if (head < 0xa0) {
      items = head - 0x90;
    } else if (head < 0xc0) {
      text = head - 0xa0;
    } else {
      const fixed = fixedBytes[head - 0xc0] as number;
      if (fixed >= 0) {
        if ((head === 0xcf || head === 0xd3) && position + 8 <= end) checkInteger(bytes, position, head === 0xd3);
        position += fixed;
      } else {
        const width = widthOf(head);
        const length = readLength(bytes, position, width);
        position += width;
        if (head >= 0xd9 && head <= 0xdb) {
          text = length;
        } else if (head <= 0xc6) {
          hasBinary = true;
          if (length > limits.binaryBytesMax) throw tooMuch(`binary of ${length} bytes`, limits.binaryBytesMax);
          position += length;
        } else {
          items = length;
          isMap = head >= 0xde ? 1 : 0;
        }
      }
    }
    if (mapByLevel[level] === 1 && (left & 1) === 0 && text < 0) throw malformed('a map has a key that is no string');
    if (text >= 0) {
      if (text > limits.stringBytesMax) throw tooMuch(`string of ${text} bytes`, limits.stringBytesMax);
      if (position + text > end) throw malformed('the bytes end in the middle of a string');
      checkText(bytes, position, text);
      position += text;
    } else if (items > 0) {
      const itemsMax = isMap === 1 ? limits.mapEntriesMax : limits.arrayItemsMax;
      if (items > itemsMax) throw tooMuch(`${isMap === 1 ? 'map' : 'array'} of ${items} items`, itemsMax);
      const values = items << isMap;
      pending += values;
      if (pending > end - position) throw malformed(`${pending} items are claimed, ${end - position} bytes are left`);
      level++;
      if (level > limits.depthMax) throw tooMuch(`nesting of ${level}`, limits.depthMax);
      leftByLevel[level] = values;
      mapByLevel[level] = isMap;
    }
    while (level > 0 && leftByLevel[level] === 0) level--;
  }
  if (position > end) throw malformed('the bytes end in the middle of a value');
  if (position < end) throw malformed(`${end - position} bytes follow the value`);
  return hasBinary;
}

/** How many bytes the length takes, by head byte. Extensions are refused: nothing of ours is one. */
function widthOf(head: number): number {
  switch (head) {
    case 0xc4:
    case 0xd9:
      return 1;
    case 0xc5:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    case 0xc6:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    default:
      throw malformed(`the byte 0x${head.toString(16)} begins no value that is taken here`);
  }
}

function readLength(bytes: Uint8Array, position: number, width: number): number {
  if (position + width > bytes.length) throw malformed('the bytes end in the middle of a length');
  let length = 0;
  for (let index = 0; index < width; index++) length = length * 256 + (bytes[position + index] as number);
  return length;
}

/** The library reads strings leniently, short and long ones differently: two readers would see two texts. */
function checkText(bytes: Uint8Array, start: number, length: number): void {
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
