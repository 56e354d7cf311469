/** The quick check before a full parse: never yes where a parse would give something else, and yes for all we write. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Event, type EventType } from '../../schemas/events.ts';
import { exactly } from '../../schemas/exact.ts';
import { Record } from '../../schemas/record.ts';
import { samples } from '../golden/samples.ts';

const isEvent = exactly(Event);

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

function expectHonest(schema: z.ZodType, check: (value: unknown) => boolean, value: unknown): void {
  if (!check(value)) return;
  const parsed = schema.safeParse(value);
  expect(parsed.success, JSON.stringify(value)).toBe(true);
  expect(parsed.data).toEqual(value);
}

describe('the exact check', () => {
  it.each(samples().map((event) => [event.type, event] as const))(
    'takes %s as we write it, so that reading the log again is quick',
    (_type: EventType, event) => {
      expect(isEvent(event)).toBe(true);
      expectHonest(Event, isEvent, event);
    },
  );

  it('says yes to no event that a parse would refuse or give back otherwise', () => {
    const others = [null, undefined, '', 'x', -1, 0, 1, 1.5, 2 ** 60, true, [], {}, 'a'.repeat(2_000), { to: 'group' }];
    for (const event of samples()) {
      for (const other of others) for (const one of changed(event, other)) expectHonest(Event, isEvent, one);
    }
  });

  it('says no to what has a field more, at any depth: a parse cuts it off', () => {
    for (const event of samples()) {
      expect(isEvent({ ...event, later: 1 })).toBe(false);
      expect(isEvent({ ...event, data: { ...event.data, later: 1 } })).toBe(false);
    }
  });

  it('is honest about every kind of schema, also those it does not know', () => {
    const kinds = [
      z.string().min(2).max(3),
      z.string().regex(/^a/g),
      z.string().trim(),
      z.email(),
      z.int().min(1).max(5),
      z.number().lt(5).gt(1),
      z.number(),
      z.number().multipleOf(2),
      z.boolean(),
      z.null(),
      z.literal(['a', 1]),
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
      z.strictObject({ a: z.int() }),
      z.looseObject({ a: z.int() }),
      z.union([z.literal('all'), z.array(z.string())]),
      z.union([z.object({ a: z.int() }), z.object({ a: z.int(), b: z.int() })]),
      z.discriminatedUnion('to', [z.object({ to: z.literal('a') }), z.object({ to: z.literal('b'), a: z.int() })]),
      z.coerce.number(),
      z.lazy(() => z.int()),
      z.tuple([z.int(), z.string()]),
      z.unknown(),
      z.date(),
      z.instanceof(Uint8Array),
      Record,
    ];
    const leaf = fc.oneof(
      fc.constantFrom('a', 'b', 'ab', 'all', ' a', '', 'a@b.co', 1, 2, 3, 1.5, 9, -0, NaN, null, undefined, true),
      fc.constant(new Date(0)),
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
    const checks = kinds.map((schema) => [schema, exactly(schema)] as const);
    fc.assert(
      fc.property(value, (given) => {
        for (const [schema, check] of checks) expectHonest(schema as z.ZodType, check, given);
      }),
      { numRuns: 2_000 },
    );
  });
});
