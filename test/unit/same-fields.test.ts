import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/wire/codec.ts';
import { sameFields } from '../../src/std/same-fields.ts';

const scalar = fc.oneof(fc.constantFrom('a', 'b', '', null, true, false), fc.integer({ min: 0, max: 2 }));
const { value: plain } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { maxKeys: 3 }),
  ),
}));

describe('whether two plain values say the same', () => {
  it('is whether their encodings with sorted keys are the same bytes', () => {
    const text = (value: unknown) => Buffer.from(encode(value, { sortKeys: true })).toString('hex');
    fc.assert(fc.property(plain, plain, (a, b) => sameFields(a, b) === (text(a) === text(b))));
  });

  it('holds of a value and what was decoded of it', () => {
    fc.assert(fc.property(plain, (value) => sameFields(value, decode(encode(value)))));
  });

  it('takes a field that is undefined for one that is absent', () => {
    expect(sameFields({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameFields({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(sameFields({ a: undefined }, { b: 1 })).toBe(false);
  });
});
