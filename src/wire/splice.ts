/** Puts values that are encoded already into an encoded map, byte for byte. */
import { assert } from '../std/failure.ts';

/** A fixmap holds its count in its first byte: 0x80 to 0x8f. */
const fixmap = 0x80;
const fixmapEntriesMax = 15;

export interface Field {
  /** An encoded map of at most 14 entries. */
  readonly map: Uint8Array;
  /** The new entry's key, at most 31 ASCII characters. */
  readonly field: string;
}

/** The map with one more entry: `field`, of one encoded value. */
export function appendField({ map, field, value }: Field & { readonly value: Uint8Array }): Uint8Array {
  const { bytes, at } = withKey({ map, field }, value.length);
  bytes.set(value, at);
  return bytes;
}

/** The map with one more entry: `field`, an array of `items`, each one encoded value. */
export function appendArrayField({ map, field, items }: Field & { readonly items: readonly Uint8Array[] }): Uint8Array {
  assert(items.length < 0x10000, 'the array has a short header');
  let length = 3;
  for (const item of items) length += item.length;
  const entry = withKey({ map, field }, length);
  const { bytes } = entry;
  let { at } = entry;
  bytes[at++] = 0xdc;
  bytes[at++] = items.length >> 8;
  bytes[at++] = items.length & 0xff;
  for (const item of items) {
    bytes.set(item, at);
    at += item.length;
  }
  return bytes;
}

/** The map and the new entry's key, with room for its value from `at` on. */
function withKey({ map, field }: Field, valueLength: number): { bytes: Uint8Array; at: number } {
  const count = (map[0] ?? 0) - fixmap;
  assert(count >= 0 && count < fixmapEntriesMax, 'the map is small enough for one more entry');
  assert(field.length < 32, 'the key has a short header');
  const bytes = new Uint8Array(map.length + 1 + field.length + valueLength);
  bytes.set(map);
  bytes[0] = fixmap + count + 1;
  let at = map.length;
  bytes[at++] = 0xa0 + field.length;
  for (let index = 0; index < field.length; index++) bytes[at++] = field.charCodeAt(index);
  return { bytes, at };
}
