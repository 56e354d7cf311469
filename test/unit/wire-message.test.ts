import { describe, expect, it } from 'vitest';
import { Receipt } from '../../schemas/receipt.ts';
import { decodeMessage, encodeMessage, messageReader } from '../../src/wire/message.ts';

const receipt = {
  log: 'log-0001',
  term: 1,
  position: 7,
  server: 's1',
  instance: 'i',
  serving: 'yes',
  projects: [{ project: 'orders', version: '2' }],
  failures: [],
};

describe('a reader of messages', () => {
  const read = messageReader(Receipt, 'a receipt');

  it('gives what decoding and parsing gives, also of a message that says more than we know', () => {
    for (const sent of [receipt, { ...receipt, colour: 'red' }]) {
      const bytes = encodeMessage(sent);
      expect(read(bytes)).toEqual(decodeMessage(Receipt, bytes, 'a receipt'));
      expect(read(bytes)).toEqual(receipt);
    }
  });

  it('refuses what is no such message, and what is none at all, in the same words', () => {
    for (const bytes of [encodeMessage({ ...receipt, term: -1 }), encodeMessage([]), new Uint8Array([0xc1])]) {
      const said = (work: () => unknown) => {
        try {
          return work();
        } catch (error) {
          return (error as Error).message;
        }
      };
      const refusal = said(() => decodeMessage(Receipt, bytes, 'a receipt'));
      expect(refusal).toMatch(/^a receipt: /);
      expect(said(() => read(bytes))).toBe(refusal);
    }
  });
});
