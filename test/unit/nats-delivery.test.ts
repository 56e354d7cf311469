import { describe, expect, it } from 'vitest';
import { Delivery, isAckSubject, numbersIn } from '../../src/nats/delivery.ts';

const storedAt = 1_700_000_000_123;
const numbers = `7.9007199254740991.12.${storedAt}456789.345`;

function read(ackSubject: string): Partial<Delivery> {
  const { sequence, number, pending, storedAt: at } = new Delivery({} as never, ackSubject, numbersIn(ackSubject));
  return { sequence, number, pending, storedAt: at };
}

describe('a delivery', () => {
  const expected = { sequence: 9_007_199_254_740_991, number: 12, pending: 345, storedAt };

  it('is told by where it would be acknowledged', () => {
    expect(isAckSubject(`$JS.ACK.S.c.${numbers}`)).toBe(true);
    expect(isAckSubject('$JS.FC.S.c.x')).toBe(false);
    expect(isAckSubject('')).toBe(false);
    expect(isAckSubject(undefined)).toBe(false);
  });

  it('is read in both forms that servers write', () => {
    expect(read(`$JS.ACK.MUSTER_main_LOG.c0ns.${numbers}`)).toEqual(expected);
    expect(read(`$JS.ACK.hub.ACC0UNT.MUSTER_main_LOG.c0ns.${numbers}.r4nd0m`)).toEqual(expected);
    expect(read(`$JS.ACK._.ACC0UNT.S.c.${numbers}.r4nd0m`)).toEqual(expected);
  });
});
