import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Record, recordBytesMax, recordEventsMax, type Watermark } from '../../schemas/record.ts';
import type { ChainCursor } from '../../src/eventlog/chain.ts';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import type { LogWriter } from '../../src/eventlog/log-writer.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import { encodeEvent } from '../../src/eventlog/record-codec.ts';
import { type Fault, FaultyLog } from './eventlog-faulty-log.ts';
import { entryAt, eventAt, positionsOf, startCursor, storedIn, upTo, walk, writerOn } from './eventlog-fixtures.ts';

const mark = (sequence: number): Watermark => ({ stream: 'commands', sequence, hash: `${sequence}` });

/** A writer and what it told, in order. */
function telling(port: LogPort) {
  const appended: { record: Record; cursor: ChainCursor }[] = [];
  const durable: number[] = [];
  const writer = writerOn(port, { onAppended: (record, cursor) => appended.push({ record, cursor }) });
  const add = (position: number) => writer.add(entryAt(position, { onDurable: () => durable.push(position) }));
  return { writer, appended, durable, add };
}

/** What a whole run must have come to: every event once, in order, told of after it was stored, and nothing else. */
async function expectWhole(port: FaultyLog, told: ReturnType<typeof telling>, last: number): Promise<void> {
  const stored = await storedIn(port.inner);
  const log = walk(stored);
  expect(log.broken).toBeUndefined();
  expect(log.voidSequences).toEqual([]);
  expect(positionsOf(log.records)).toEqual(upTo(last));
  expect(told.durable).toEqual(upTo(last));
  expect(told.appended.map(({ record }) => record)).toEqual(log.records);
  expect(told.appended.at(-1)?.cursor).toEqual(log.cursor);
  expect(told.writer.backlog).toBe(0);
  expect(port.overlapping).toBe(0);
}

describe('the log writer', () => {
  it('appends what is decided in one breath as one record', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    for (const position of upTo(10)) told.add(position);
    expect(told.writer.backlog).toBe(10);
    await told.writer.drained();
    expect(told.appended).toHaveLength(1);
    await expectWhole(port, told, 10);
  });

  it('fills the next record while one append is in flight', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    told.add(1);
    await Promise.resolve().then(() => undefined);
    for (const position of [2, 3, 4]) told.add(position);
    await told.writer.drained();
    expect(told.appended.map(({ record }) => record.events.length)).toEqual([1, 3]);
    await expectWhole(port, told, 4);
  });

  it('takes what telling adds', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    const onDurable = () => {
      told.durable.push(1);
      told.add(2);
    };
    told.writer.add(entryAt(1, { onDurable }));
    await told.writer.drained();
    await told.writer.drained();
    await expectWhole(port, told, 2);
  });

  it('bounds a record by its events and by its bytes', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    for (const position of upTo(recordEventsMax + 5)) told.add(position);
    await told.writer.drained();
    expect(told.appended.map(({ record }) => record.events.length)).toEqual([recordEventsMax, 5]);
    const large = (position: number) => {
      const event = { ...eventAt(position), reason: 'x'.repeat(60_000) };
      return entryAt(position, { event, encoded: encodeEvent(event), onDurable: () => told.durable.push(position) });
    };
    for (let position = recordEventsMax + 6; position <= recordEventsMax + 25; position++)
      told.writer.add(large(position));
    await told.writer.drained();
    const stored = await storedIn(port.inner);
    expect(Math.max(...stored.map(({ data }) => data.length))).toBeLessThan(recordBytesMax);
    expect(told.appended.map(({ record }) => record.events.length)).toEqual([recordEventsMax, 5, 8, 8, 4]);
  });

  it('tells nobody before the ack', async () => {
    let release: () => void = () => {};
    const inner = new MemoryLog();
    const port: LogPort = {
      append: (options) =>
        new Promise((resolve) => {
          release = () => resolve(inner.append(options));
        }),
      get: (sequence) => inner.get(sequence),
      lastSequence: () => inner.lastSequence(),
      read: (options) => inner.read(options),
    };
    const told = telling(port);
    told.add(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.appended).toEqual([]);
    expect(told.durable).toEqual([]);
    release();
    await told.writer.drained();
    expect(told.durable).toEqual([1]);
  });

  it('counts an ack of another slot as none', async () => {
    const inner = new MemoryLog();
    let lies = 1;
    const port: LogPort = {
      async append(options) {
        if (lies-- > 0) return { status: 'appended', sequence: 7 };
        return inner.append(options);
      },
      get: (sequence) => inner.get(sequence),
      lastSequence: () => inner.lastSequence(),
      read: (options) => inner.read(options),
    };
    const told = telling(port);
    told.add(1);
    await told.writer.drained();
    expect((await storedIn(inner)).length).toBe(2);
    expect(told.appended.map(({ record }) => record.events.length)).toEqual([0, 1]);
  });

  it('carries the watermark of its last command, never one ahead of an event that still waits', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    told.writer.add(entryAt(1, { watermark: mark(10) }));
    await Promise.resolve().then(() => undefined);
    // In flight: 1. The duplicate at 11 may repeat the command of event 1, which is in that record or a later one.
    told.writer.touchWatermark(mark(11));
    told.writer.add(entryAt(2));
    told.writer.add(entryAt(3, { watermark: mark(12) }));
    told.writer.touchWatermark(mark(13));
    await told.writer.drained();
    told.writer.touchWatermark(mark(14));
    await told.writer.drained();
    expect(told.appended.map(({ record }) => record.watermark.sequence)).toEqual([10, 13]);
    told.writer.add(entryAt(4));
    await told.writer.drained();
    expect(told.appended.at(-1)?.record.watermark).toEqual(mark(14));
  });

  it('keeps a watermark touched behind one record out of the record before it', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    for (const position of upTo(recordEventsMax + 1)) told.writer.add(entryAt(position, { watermark: mark(position) }));
    told.writer.touchWatermark(mark(5_000));
    await told.writer.drained();
    expect(told.appended.map(({ record }) => record.watermark.sequence)).toEqual([recordEventsMax, 5_000]);
  });
});

describe('an append whose outcome is unknown', () => {
  const cases: { name: string; faults: Fault[]; records: number[] }[] = [
    { name: 'it had landed', faults: ['answer-lost'], records: [3] },
    { name: 'it never lands', faults: ['request-lost'], records: [0, 3] },
    { name: 'it lands just before the barrier', faults: ['late-before-next'], records: [3] },
    { name: 'it arrives just after the barrier', faults: ['late-after-next'], records: [0, 3] },
    { name: 'the barrier is lost too', faults: ['request-lost', 'request-lost'], records: [0, 3] },
    { name: "the barrier's answer is lost too", faults: ['request-lost', 'answer-lost'], records: [0, 3] },
    { name: 'the barrier lands late', faults: ['request-lost', 'late-before-next'], records: [0, 3] },
    { name: 'it lands after a lost barrier', faults: ['late-after-next', 'request-lost'], records: [3] },
    { name: 'the second try is lost as well', faults: ['request-lost', 'none', 'answer-lost'], records: [0, 3] },
    { name: 'two tries never land', faults: ['request-lost', 'none', 'request-lost'], records: [0, 0, 3] },
  ];

  it.each(cases)('is settled by a barrier: $name', async ({ faults, records }) => {
    const port = new FaultyLog(faults);
    const told = telling(port);
    for (const position of upTo(3)) told.add(position);
    await told.writer.drained();
    expect(told.appended.map(({ record }) => record.events.length)).toEqual(records);
    await expectWhole(port, told, 3);
  });

  it('is settled whatever the network does: nothing lost, nothing doubled, order kept', async () => {
    const faults: Fault[] = ['none', 'none', 'answer-lost', 'request-lost', 'late-before-next', 'late-after-next'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...faults), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 0, max: 3 }),
        async (schedule, bursts, failingGets) => {
          const port = new FaultyLog(schedule);
          port.failingGets = failingGets;
          const told = telling(port);
          let position = 0;
          for (const burst of bursts) {
            for (let index = 0; index < burst; index++) told.add(++position);
            await new Promise((resolve) => setImmediate(resolve));
          }
          await told.writer.drained();
          await expectWhole(port, told, position);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('ends the writer as unavailable when it cannot be settled by the deadline', async () => {
    const port = new FaultyLog(Array<Fault>(1_000).fill('request-lost'));
    const told = telling(port);
    told.add(1);
    const failure = await told.writer.ended;
    expect(failure.code).toBe('unavailable');
    expect(told.durable).toEqual([]);
    await expect(told.writer.drained()).rejects.toBe(failure);
  });

  it('ends the writer as log-broken when the log ends below what was acknowledged', async () => {
    const port = new FaultyLog(['request-lost']);
    const writer = writerOn(port, { cursor: { ...startCursor, sequence: 5, position: 5 } });
    writer.add(entryAt(6));
    expect((await writer.ended).code).toBe('log-broken');
  });
});

describe('a log writer that is overtaken', () => {
  async function expectSteppedDown(writer: LogWriter, port: FaultyLog, durable: number[]): Promise<void> {
    const failure = await writer.ended;
    expect(failure.code).toBe('not-leader');
    expect(durable).toEqual([1]);
    writer.add(entryAt(3));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await port.lastSequence()).toBe(2);
  }

  it.each<Fault[]>([
    ['none', 'foreign-first'],
    ['none', 'foreign-first-answer-lost'],
    ['none', 'request-lost', 'foreign-first'],
    ['none', 'request-lost', 'foreign-first-answer-lost'],
    ['none', 'late-after-next', 'foreign-first'],
  ])('steps down and appends nothing more: %s, %s', async (...faults) => {
    const port = new FaultyLog(faults);
    const told = telling(port);
    told.add(1);
    await told.writer.drained();
    told.add(2);
    await expectSteppedDown(told.writer, port, told.durable);
  });

  it('tells of what was acknowledged before it was stopped, and of nothing after', async () => {
    const port = new FaultyLog([]);
    const told = telling(port);
    told.add(1);
    await Promise.resolve().then(() => undefined);
    told.add(2);
    const drained = expect(told.writer.drained()).rejects.toMatchObject({ code: 'closed' });
    await told.writer.stop();
    expect((await told.writer.ended).code).toBe('closed');
    await drained;
    expect(told.durable).toEqual([1]);
    expect(await port.lastSequence()).toBe(1);
  });
});
