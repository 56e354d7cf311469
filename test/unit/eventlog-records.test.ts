import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liftBy, upcast, type Upcaster } from '../../schemas/upcast.ts';
import { findRecord } from '../../src/eventlog/find-record.ts';
import { but } from '../support/but.ts';
import {
  decodeRecord,
  encodeEvent,
  encodeRecord,
  type RecordHead,
  recordHash,
} from '../../src/eventlog/record-codec.ts';
import { encode } from '../../src/wire/codec.ts';
import { FaultyLog } from './eventlog-faulty-log.ts';
import { entryAt, eventAt, logId, logOf, upTo, writerOn } from './eventlog-fixtures.ts';

const timeoutMs = 1_000;
const head: RecordHead = {
  format: 1,
  log: logId,
  term: 2,
  writer: 'w',
  counter: 3,
  first: 1,
  previousSequence: 0,
  previousHash: new Uint8Array(32).fill(7),
  watermark: { stream: 's', sequence: 4, hash: 'aa' },
};

describe('a record', () => {
  it.each([0, 1, 15, 16, 300, 1_000])('of %i events comes back as it was, from events encoded before', (count) => {
    const events = upTo(count).map((position) => eventAt(position));
    const bytes = encodeRecord(head, events.map(encodeEvent));
    expect(decodeRecord(bytes)).toEqual({ ...head, events });
  });

  it('does not keep the network buffer alive', () => {
    const bytes = encodeRecord(head, []);
    const record = decodeRecord(bytes);
    bytes.fill(0);
    expect(record.previousHash).toEqual(head.previousHash);
    expect(record.previousHash.buffer.byteLength).toBe(32);
  });

  it('passes over a field of a later version, in the record, the event and its data', () => {
    const event = { ...eventAt(1), mood: 'good', data: { server: 'a', later: true } };
    const bytes = encode({ ...head, later: 1, events: [event] });
    expect(decodeRecord(bytes)).toEqual({ ...head, events: [eventAt(1, 'a')] });
  });

  it('is refused by name when an event is of a version or a type this program does not know', () => {
    const later = { ...eventAt(1), version: 2 };
    expect(() => decodeRecord(encode({ ...head, events: [later] }))).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('server.retired') }),
    );
    const unknown = { ...eventAt(1), type: 'moon.landed' };
    expect(() => decodeRecord(encode({ ...head, events: [unknown] }))).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('events.0') }),
    );
  });

  it('has the hash of its stored bytes', () => {
    expect(Buffer.from(recordHash(new TextEncoder().encode('abc'))).toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('upcasting', () => {
  const chain: Upcaster[] = [
    (event) => ({ ...(event.data as object), second: true }),
    (event) => ({ ...(event.data as object), third: true }),
  ];
  const stored = (version: number) => ({ type: 'server.retired' as const, version, data: { server: 'a' } });

  it('lifts an event through every version between its own and the last one', () => {
    expect(liftBy(chain, stored(1))).toEqual({ ...stored(3), data: { server: 'a', second: true, third: true } });
    expect(liftBy(chain, stored(2))).toEqual({ ...stored(3), data: { server: 'a', third: true } });
    expect(liftBy(chain, stored(3))).toEqual(stored(3));
    expect(liftBy(chain, stored(9))).toEqual(stored(9));
  });

  it('leaves alone what is no event', () => {
    for (const raw of [null, 1, 'x', [], {}, { type: 'toString', version: 1 }]) expect(upcast(raw)).toBe(raw);
  });
});

describe('finding the record of a position', () => {
  it('finds every position, and none that is not there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }), async (counts) => {
        const log = await logOf(counts);
        const options = { lastSequence: counts.length, timeoutMs };
        let position = 0;
        for (const [index, count] of counts.entries()) {
          for (let nth = 0; nth < count; nth++) {
            position++;
            const found = await findRecord(log, { ...options, position });
            expect(found?.sequence).toBe(index + 1);
            expect(found?.record.events.some((event) => event.position === position)).toBe(true);
          }
        }
        expect(await findRecord(log, { ...options, position: position + 1 })).toBeUndefined();
        expect(await findRecord(log, { ...options, position: 0 })).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it('is to be tried again where whoever answers does not show a record before the end', async () => {
    const log = await logOf([2, 2, 2]);
    const forgetful = but(log, { get: async () => undefined });
    const found = findRecord(forgetful, { position: 3, lastSequence: 3, timeoutMs });
    await expect(found).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  it('says which record it is that cannot be read', async () => {
    const log = await logOf([2, 2, 2]);
    const damaged = but(log, {
      get: async (sequence) =>
        sequence === 2 ? { sequence, data: Uint8Array.of(0xc1), pending: 0 } : log.get(sequence),
    });
    const found = findRecord(damaged, { position: 3, lastSequence: 3, timeoutMs });
    await expect(found).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^record 2 of the log/),
    });
  });

  it('passes over barriers', async () => {
    const log = new FaultyLog(['request-lost', 'none', 'none', 'request-lost']);
    const writer = writerOn(log);
    for (const position of [1, 2, 3]) {
      writer.add(entryAt(position));
      await writer.drained();
    }
    const lastSequence = await log.lastSequence();
    expect(lastSequence).toBe(5);
    const find = async (position: number) => (await findRecord(log, { position, lastSequence, timeoutMs }))?.sequence;
    expect(await Promise.all([1, 2, 3, 4].map(find))).toEqual([2, 4, 5, undefined]);
  });
});
