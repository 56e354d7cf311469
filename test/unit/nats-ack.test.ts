import { describe, expect, it } from 'vitest';
import { parseAck } from '../../src/nats/store.ts';

const parse = (text: string) => parseAck(new TextEncoder().encode(text), 'subject');

describe('an ack', () => {
  it('is read in every form the servers write', () => {
    expect(parse('{"stream":"S", "seq":12}')).toEqual({ status: 'stored', sequence: 12, duplicate: false });
    expect(parse('{"stream":"S","domain":"d","seq":7,"duplicate":true}')).toMatchObject({
      sequence: 7,
      duplicate: true,
    });
    expect(parse('{"stream":"S","seq":9007199254740991}')).toMatchObject({ sequence: 9_007_199_254_740_991 });
  });

  it('tells a broken fence from every other refusal, by code', () => {
    const refusal = (code: number, errCode: number) =>
      `{"error":{"code":${code},"err_code":${errCode},"description":"any text"},"stream":"S","seq":0}`;
    expect(parse(refusal(400, 10_071))).toEqual({ status: 'conflict' });
    expect(parse(refusal(400, 10_164))).toEqual({ status: 'conflict' });
    expect(() => parse(refusal(400, 10_070))).toThrow(
      expect.objectContaining({ code: 'unavailable', retryable: false }),
    );
    expect(() => parse(refusal(503, 10_077))).toThrow(expect.objectContaining({ code: 'no-room', retryable: true }));
    expect(() => parse('')).toThrow();
    expect(() => parse('{"stream":"S","seq":0}')).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  it('is not believed without an error when its sequence is no number', () => {
    expect(() => parse('{"stream":"S","seq":"x"}')).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
