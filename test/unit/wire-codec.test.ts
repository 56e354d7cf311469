import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { decode, encode } from '../../src/wire/codec.ts';
import { Failure } from '../../src/std/failure.ts';

const refusal = expect.objectContaining({ name: 'Failure', code: 'malformed' });

function nested(header: readonly number[], times: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: times }, () => header).flat());
}

describe('MessagePack codec', () => {
  it('gives back every value it encoded', () => {
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
        fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 20 }),
        fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), tie('tree'), { noNullPrototype: true }),
      ),
    })).tree;
    fc.assert(
      fc.property(value, (given) => {
        fc.pre(!JSON.stringify(given).includes('__proto__'));
        expect(decode(encode(given))).toEqual(given);
      }),
    );
  });

  it('survives any bytes: a value or a failure, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decode(bytes);
        } catch (caught) {
          expect(caught).toEqual(refusal);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('survives every cut and every flipped byte of a real message', () => {
    const whole = encode({
      id: 'a',
      items: [1, 2.5, -3, { deep: 'x'.repeat(40), bytes: new Uint8Array(5) }],
      no: null,
    });
    for (let at = 0; at < whole.length; at++) {
      expect(() => decode(whole.subarray(0, at))).toThrow(Failure);
      for (let flip = 1; flip < 256; flip++) {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          decode(bytes);
        } catch (caught) {
          expect(caught).toEqual(refusal);
        }
      }
    }
  });

  it.each([
    ['arrays of 16 Ki items', [0xdc, 0x3f, 0xff]],
    ['arrays of 4 billion items', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['arrays of 10 million items', [0xdd, 0x00, 0x98, 0x96, 0x80]],
    ['maps of 4 billion entries', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['arrays of one', [0x91]],
  ])('refuses nested %s without allocating them', (_, header) => {
    const before = process.memoryUsage().heapUsed;
    for (const times of [1, 2, 20, 100]) expect(() => decode(nested(header, times))).toThrow(Failure);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1024 * 1024);
  });

  it('takes nesting of 32 and refuses 33', () => {
    const deep = (levels: number) => Uint8Array.from([...Array<number>(levels).fill(0x91), 0x01]);
    expect(decode(deep(32))).toBeInstanceOf(Array);
    expect(() => decode(deep(33))).toThrow('nesting of 33');
  });

  it('refuses integers beyond 2^53 and keeps those up to it', () => {
    expect(decode(encode(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    expect(decode(encode(Number.MIN_SAFE_INTEGER))).toBe(Number.MIN_SAFE_INTEGER);
    expect(() => decode(Uint8Array.from([0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0]))).toThrow('beyond 2^53');
    expect(() => decode(Uint8Array.from([0xd3, 0xff, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toThrow(
      'beyond 2^53',
    );
  });

  it('refuses what is not valid UTF-8, extensions, keys that are no strings, and bytes after the value', () => {
    expect(() => decode(Uint8Array.from([0xa2, 0xc3, 0x28]))).toThrow('UTF-8');
    expect(() => decode(Uint8Array.from([0xd6, 0xff, 0, 0, 0, 0]))).toThrow('0xd6');
    expect(() => decode(Uint8Array.from([0xc1]))).toThrow('0xc1');
    expect(() => decode(Uint8Array.from([0x81, 0x01, 0x01]))).toThrow('no string');
    expect(() => decode(Uint8Array.from([0x01, 0x02]))).toThrow('follow');
    expect(() => decode(Uint8Array.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x80]))).toThrow(Failure);
  });

  it('returns binary values that do not alias the network buffer', () => {
    const bytes = encode({ hash: new Uint8Array([1, 2, 3]), list: [new Uint8Array([4])] });
    const value = decode(bytes) as { hash: Uint8Array; list: Uint8Array[] };
    bytes.fill(0xff);
    expect([...value.hash]).toEqual([1, 2, 3]);
    expect([...(value.list[0] ?? [])]).toEqual([4]);
    expect(value.hash.buffer).not.toBe(bytes.buffer);
  });

  it('encodes maps with sorted keys to the same bytes whatever their order, and leaves out what is undefined', () => {
    expect(encode({ b: 1, a: { d: 1, c: 2 } }, { sortKeys: true })).toEqual(
      encode({ a: { c: 2, d: 1 }, b: 1, z: undefined }, { sortKeys: true }),
    );
  });
});
