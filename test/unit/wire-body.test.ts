import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bodyBytesMax, decodeBody, encodeAs } from '../../src/wire/body.ts';
import { encode } from '../../src/wire/codec.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';

const text = (value: string) => new TextEncoder().encode(value);
const malformed = expect.objectContaining({ status: 'malformed' });

describe('the body of a command', () => {
  it('is one map, in JSON or in MessagePack, told apart by its first byte', () => {
    expect(decodeBody(text('{"group":"edge"}'))).toEqual({ status: 'ok', format: 'json', value: { group: 'edge' } });
    expect(decodeBody(encode({ group: 'edge' }))).toEqual({
      status: 'ok',
      format: 'msgpack',
      value: { group: 'edge' },
    });
    const wide = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key${index}`, index]));
    expect(decodeBody(encode(wide))).toEqual({ status: 'ok', format: 'msgpack', value: wide });
    for (const other of ['[1]', '"x"', ' {}', '1', '\ufeff{}']) expect(decodeBody(text(other))).toEqual(malformed);
    expect(decodeBody(encode([1]))).toEqual(malformed);
    expect(decodeBody(encode('x'))).toEqual(malformed);
  });

  it('may be empty: then it is an empty map in JSON', () => {
    expect(decodeBody(new Uint8Array(0))).toEqual({ status: 'ok', format: 'json', value: {} });
  });

  it('is malformed where Content-Type says otherwise', () => {
    expect(decodeBody(text('{}'), 'application/json; charset=utf-8')).toEqual(
      expect.objectContaining({ status: 'ok' }),
    );
    expect(decodeBody(encode({}), 'application/x-msgpack')).toEqual(expect.objectContaining({ status: 'ok' }));
    expect(decodeBody(encode({}), 'Application/MsgPack')).toEqual(expect.objectContaining({ status: 'ok' }));
    expect(decodeBody(text('{}'), 'application/msgpack')).toEqual(malformed);
    expect(decodeBody(encode({}), 'application/json')).toEqual(malformed);
    expect(decodeBody(text('{}'), 'text/plain')).toEqual(malformed);
    const hostile = ['', 'x'].map((begin) => decodeBody(text('{}'), begin + '\u{1f600}'.repeat(64)));
    for (const body of hostile) expect(body.status === 'malformed' && body.message.isWellFormed()).toBe(true);
  });

  it('is refused past its size, before anything is parsed', () => {
    expect(decodeBody(text(`{"a":"${'x'.repeat(bodyBytesMax)}"}`))).toEqual(malformed);
  });

  it('holds no key that reaches a prototype, however deep', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(decodeBody(text(`{"a":[{"${key}":{"x":1}}]}`))).toEqual(malformed);
      const hostile = Uint8Array.from([0x81, 0xa0 + key.length, ...text(key), 0x01]);
      expect(decodeBody(hostile)).toEqual(malformed);
    }
  });

  it('holds no integer beyond 2^53, no invalid UTF-8, no half of a surrogate pair, no deep nesting', () => {
    expect(decodeBody(text('{"a":9007199254740993}'))).toEqual(malformed);
    expect(decodeBody(Uint8Array.from([...text('{"a":"'), 0xc3, 0x28, ...text('"}')]))).toEqual(malformed);
    expect(decodeBody(text('{"a":"\\ud800"}'))).toEqual(malformed);
    expect(decodeBody(text('{"a":"\\ud83d\\ude00"}'))).toEqual(expect.objectContaining({ status: 'ok' }));
    expect(decodeBody(text(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))).toEqual(malformed);
  });

  it('may repeat a key in JSON: the last one counts', () => {
    expect(decodeBody(text('{"a":1,"a":2}'))).toEqual({ status: 'ok', format: 'json', value: { a: 2 } });
  });

  it('survives MessagePack that claims millions of items', () => {
    const claims = Uint8Array.from([
      0x81,
      0xa1,
      0x61,
      ...Array.from({ length: 20 }, () => [0xdd, 0, 0x98, 0x96, 0x80]).flat(),
    ]);
    expect(decodeBody(claims)).toEqual(malformed);
  });

  it('is answered in the format it came in', () => {
    expect(new TextDecoder().decode(encodeAs('json', { a: 1 }))).toBe('{"a":1}');
    expect(decodeBody(encodeAs('msgpack', { a: 1 }))).toEqual({ status: 'ok', format: 'msgpack', value: { a: 1 } });
  });
});

describe('a message between our processes', () => {
  const Receipt = z.object({ server: z.string(), at: z.object({ position: z.int() }) });

  it('comes back as its schema says', () => {
    const receipt = { server: 's1', at: { position: 4 } };
    expect(decodeMessage(Receipt, encodeMessage(receipt), 'a receipt')).toEqual(receipt);
  });

  it('is refused with what it was to be, the path and the reason', () => {
    const wrong = encodeMessage({ server: 's1', at: { position: 'four' } });
    expect(() => decodeMessage(Receipt, wrong, 'a receipt')).toThrow(/a receipt: "at\.position" /);
    expect(() => decodeMessage(Receipt, Uint8Array.of(0xc1), 'a receipt')).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });
});
