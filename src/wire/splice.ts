/** Puts values that are encoded already into an encoded map, byte for byte. */
import { assert } from '../std/failure.ts';

/** A fixmap holds its count in its first byte: 0x80 to 0x8f. */
const fixmap = 0x80;
const fixmapEntriesMax = 15;

export interface ArrayField {
  /** An encoded map of at most 14 entries. */
  readonly map: Uint8Array;
  /** The new entry's key, at most 31 ASCII characters. */
  readonly field: string;
  /** Each one encoded value. */
  readonly items: readonly Uint8Array[];
}

/** The map with one more entry: `field`, an array of `items`. */
export function appendArrayField({ map, field, items }: ArrayField): Uint8Array {
  const count = (map[0] ?? 0) - fixmap;
  assert(count >= 0 && count < fixmapEntriesMax, 'the map is small enough for one more entry');
  assert(field.length < 32 && items.length < 0x10000, 'the key and the array have short headers');
  let length = map.length + 1 + field.length + 3;
  for (const item of items) length += item.length;
  const bytes = new Uint8Array(length);
  bytes.set(map);
  bytes[0] = fixmap + count + 1;
  let at = map.length;
  bytes[at++] = 0xa0 + field.length;
  for (let index = 0; index < field.length; index++) bytes[at++] = field.charCodeAt(index);
  bytes[at++] = 0xdc;
  bytes[at++] = items.length >> 8;
  bytes[at++] = items.length & 0xff;
  for (const item of items) {
    bytes.set(item, at);
    at += item.length;
  }
  return bytes;
}
