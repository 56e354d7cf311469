/** The quick way to read: never a value where decoding and parsing would give another, and quick for all we write. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Event, type EventType } from '../../schemas/events.ts';
import { Record } from '../../schemas/record.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { type ExactReader, exactReader } from '../../src/wire/exact-reader.ts';
import { samples } from '../golden/samples.ts';

const readEvent = exactReader(Event);

/** Every value inside, by its path, set to another. */
function changed(value: unknown, by: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [by];
  const inside = Object.entries(value).flatMap(([key, held]) =>
    changed(held, by).map((one) => (Array.isArray(value) ? value.with(Number(key), one) : { ...value, [key]: one })),
  );
  const without = Array.isArray(value) ? [] : Object.keys(value).map((key) => ({ ...value, [key]: undefined }));
  const more = Array.isArray(value) ? [[...value, by]] : [{ ...value, more: by }];
  return [by, ...inside, ...without, ...more];
}

/** Whether it gave a value; if so, it must be the one that decoding gives, and a parse of that gives back. */
function isHonest(schema: z.ZodType, read: ExactReader<unknown>, bytes: Uint8Array): boolean {
  const value = read(bytes);
  if (value === undefined) return false;
  const decoded = decode(bytes);
  const parsed = schema.safeParse(decoded);
  // Compared by hand: what expect costs is too much for so many.
  const isSame = parsed.success && isDeepStrictEqual(value, decoded) && isDeepStrictEqual(parsed.data, value);
  if (!isSame) expect({ value, parsed: parsed.data }).toEqual({ value: decoded, parsed: decoded });
  return isSame;
}

describe('the exact reader', () => {
  it.each(samples().map((event) => [event.type, event] as const))(
    'takes %s as we write it, so that reading the log again is quick',
    (_type: EventType, event) => {
      expect(isHonest(Event, readEvent, encode(event))).toBe(true);
      expect(JSON.stringify(readEvent(encode(event)))).toBe(JSON.stringify(event));
    },
  );

  it('makes plain objects, as decoding does', () => {
    for (const event of samples()) {
      const value = readEvent(encode(event));
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.getPrototypeOf(value?.data)).toBe(Object.prototype);
      expect(value).toStrictEqual(decode(encode(event)));
    }
  });

  it('gives no event that a parse would refuse or give back otherwise', () => {
    const others = [null, '', 'x', -1, 0, 1, 1.5, 2 ** 53 - 1, true, [], {}, 'a'.repeat(2_000), { to: 'group' }];
    for (const event of samples()) {
      for (const other of others) for (const one of changed(event, other)) isHonest(Event, readEvent, encode(one));
    }
  });

  it('gives nothing where there is a field more, at any depth: a parse cuts it off', () => {
    for (const event of samples()) {
      expect(readEvent(encode({ ...event, later: 1 }))).toBeUndefined();
      expect(readEvent(encode({ ...event, data: { ...event.data, later: 1 } }))).toBeUndefined();
    }
  });

  it('survives every cut and a flipped bit of every byte of every event, and is honest about what is left', () => {
    for (const event of samples()) {
      const whole = encode(event).slice();
      for (let at = 0; at < whole.length; at += 1) {
        expect(readEvent(whole.subarray(0, at))).toBeUndefined();
        const bytes = whole.slice();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        isHonest(Event, readEvent, bytes);
      }
    }
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void isHonest(Event, readEvent, bytes)),
      { numRuns: 5_000 },
    );
  });

  it('takes a key once, in whatever place; of two the last would count', () => {
    const read = exactReader(z.object({ a: z.int(), b: z.int().optional() }));
    const [a, b] = [
      [0xa1, 0x61, 1],
      [0xa1, 0x62, 2],
    ] as const;
    expect(read(Uint8Array.from([0x82, ...b, ...a]))).toEqual({ a: 1, b: 2 });
    expect(read(Uint8Array.from([0x82, ...a, ...a]))).toBeUndefined();
    expect(read(Uint8Array.from([0x82, ...a, ...b, 0xc0]))).toBeUndefined();
    const anyKeys = exactReader(z.record(z.string(), z.int()));
    expect(anyKeys(Uint8Array.from([0x81, ...a]))).toEqual({ a: 1 });
    expect(anyKeys(Uint8Array.from([0x82, ...a, ...a]))).toBeUndefined();
    expect(anyKeys(Uint8Array.from([0x81, 0xa9, ...Buffer.from('__proto__'), 1]))).toBeUndefined();
  });

  it('remembers of a text that it was right for this kind alone', () => {
    const read = exactReader(z.object({ small: z.string().regex(/^[a-z]+$/), any: z.string() }));
    for (let round = 0; round < 3; round += 1) {
      expect(read(encode({ small: 'x', any: 'X' }))).toEqual({ small: 'x', any: 'X' });
      expect(read(encode({ small: 'X', any: 'X' }))).toBeUndefined();
    }
  });

  it('tells a name by its bytes as its pattern tells the text', () => {
    const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/);
    const read = exactReader(name);
    const right = ['a', '0', 'v1.2.3+b_4', 'a-'.repeat(6), 'a'.repeat(13), 'Z'.repeat(64)];
    for (const text of right) expect(read(encode(text))).toBe(text);
    const wrong = ['', '-a', '.', 'a b', 'a\n', 'ä', 'aä', 'a\u0000', 'a~', 'a'.repeat(65)];
    for (const text of wrong) expect([read(encode(text)), name.safeParse(text).success]).toEqual([undefined, false]);
  });

  it('takes no more than decoding does', () => {
    const read = exactReader(z.array(z.int()));
    expect(read(encode(Array.from({ length: 16 * 1024 }, () => 1)))).toHaveLength(16 * 1024);
    expect(read(encode(Array.from({ length: 16 * 1024 + 1 }, () => 1)))).toBeUndefined();
    const before = process.memoryUsage().heapUsed;
    expect(read(Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff]))).toBeUndefined();
    expect(read(Uint8Array.from([0xdd, 0, 0, 0x3f, 0xff]))).toBeUndefined();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1024 * 1024);
    expect(exactReader(z.string())(encode('a'.repeat(64 * 1024 + 1)))).toBeUndefined();
  });

  it('is honest about every kind of schema, also those it does not know', () => {
    const kinds = [
      z.string().min(2).max(3),
      z.string().regex(/^a/g),
      z.string().regex(/^[a-z][a-z@.]{1,8}$/),
      z.string().regex(/^[a-b][a-b]{0,1}$/i),
      z.string().regex(/^[^a][^a]{0,9}$/),
      z.string().regex(/^[a-z][\w-]{0,9}$/),
      z.string().trim(),
      z.email(),
      z.int().min(1).max(5),
      z.number().lt(5).gt(1),
      z.number(),
      z.number().multipleOf(2),
      z.boolean(),
      z.null(),
      z.literal(['a', 1]),
      z.literal([1, 2]),
      z.literal(true),
      z.enum(['a', 'b']),
      z.string().optional(),
      z.string().nullable(),
      z.string().default('a'),
      z.string().transform((text) => text.length),
      z.array(z.int()).min(1).max(2),
      z.record(z.string().regex(/^[a-z]$/), z.int()),
      z.record(z.enum(['a', 'b']), z.int()),
      z.record(z.string(), z.int()).refine((held) => Object.keys(held).length < 2),
      z.object({ a: z.int(), b: z.int().optional() }),
      z.object({ a: z.int().nullable(), b: z.unknown() }),
      z.object({ a: z.int() }).refine(({ a }) => a > 1),
      z.strictObject({ a: z.int() }),
      z.looseObject({ a: z.int() }),
      z.union([z.literal('all'), z.array(z.string())]),
      z.union([z.string(), z.literal('a'), z.int()]),
      z.union([z.object({ a: z.int() }), z.object({ a: z.int(), b: z.int() })]),
      z.discriminatedUnion('to', [z.object({ to: z.literal('a') }), z.object({ to: z.literal('b'), a: z.int() })]),
      z.discriminatedUnion('to', [
        z.object({ to: z.literal('a'), b: z.int().optional() }),
        z.object({ to: z.literal('b'), b: z.string() }).refine(({ b }) => b !== 'b'),
      ]),
      z.coerce.number(),
      z.lazy(() => z.int()),
      z.tuple([z.int(), z.string()]),
      z.unknown(),
      z.date(),
      z.instanceof(Uint8Array),
      Record,
    ];
    const leaf = fc.oneof(
      fc.constantFrom('a', 'b', 'ab', 'all', ' a', '', 'ä', 'a@b.co', 1, 2, 3, 1.5, 9, -1, -40, -0, NaN, null, true),
      fc.constant(new Uint8Array(2)),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'to'), tie('any'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).any;
    const readers = kinds.map((schema) => [schema, exactReader(schema as z.ZodType)] as const);
    const taken = new Set<unknown>();
    fc.assert(
      fc.property(value, (given) => {
        for (const [schema, read] of readers) {
          if (isHonest(schema as z.ZodType, read, encode(given))) taken.add(schema);
        }
      }),
      { numRuns: 3_000 },
    );
    // Else the claim would be about nothing.
    expect(taken.size).toBeGreaterThan(15);
  });
});
