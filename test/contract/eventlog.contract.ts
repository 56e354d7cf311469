/** What every realisation of the log promises alike. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';

export interface LogRealisation {
  readonly name: string;
  /** Called once before the first log is asked for. */
  readonly start?: () => Promise<void>;
  readonly stop?: () => Promise<void>;
  /** A new, empty log. */
  readonly open: () => Promise<LogPort>;
}

const timeoutMs = 5_000;
const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (stored: StoredRecord | undefined) => new TextDecoder().decode(stored?.data);

async function fill(log: LogPort, count: number): Promise<void> {
  for (let sequence = 1; sequence <= count; sequence++) {
    await log.append({ data: bytes(`record ${sequence}`), expectedLastSequence: sequence - 1, timeoutMs });
  }
}

export function logContract({ name, start, stop, open }: LogRealisation): void {
  describe(`the log: ${name}`, () => {
    beforeAll(async () => start?.());
    afterAll(async () => stop?.());

    it('is empty at first', async () => {
      const log = await open();
      expect(await log.lastSequence(timeoutMs)).toBe(0);
      expect(await log.get(1, timeoutMs)).toBeUndefined();
    });

    it('appends in the slot behind the expected one, and gives back the same bytes', async () => {
      const log = await open();
      const data = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
      expect(await log.append({ data, expectedLastSequence: 0, timeoutMs })).toEqual({
        status: 'appended',
        sequence: 1,
      });
      expect(await log.append({ data: bytes('b'), expectedLastSequence: 1, timeoutMs })).toEqual({
        status: 'appended',
        sequence: 2,
      });
      expect(await log.lastSequence(timeoutMs)).toBe(2);
      expect(new Uint8Array((await log.get(1, timeoutMs))?.data ?? [])).toEqual(data);
      expect(textOf(await log.get(2, timeoutMs))).toBe('b');
      expect(await log.get(3, timeoutMs)).toBeUndefined();
    });

    it('refuses an append whose expectation is behind or ahead, and stores nothing', async () => {
      const log = await open();
      await fill(log, 3);
      for (const expectedLastSequence of [0, 2, 4, 100]) {
        expect(await log.append({ data: bytes('no'), expectedLastSequence, timeoutMs })).toEqual({
          status: 'conflict',
        });
      }
      expect(await log.lastSequence(timeoutMs)).toBe(3);
    });

    it('lets exactly one of many appends with the same expectation through', async () => {
      const log = await open();
      for (let round = 0; round < 5; round++) {
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            log.append({ data: bytes(`${round} ${index}`), expectedLastSequence: round, timeoutMs }),
          ),
        );
        expect(outcomes.filter(({ status }) => status === 'appended')).toHaveLength(1);
      }
      expect(await log.lastSequence(timeoutMs)).toBe(5);
    });

    it('is read in order from any sequence, and followed from there on', async () => {
      const log = await open();
      await fill(log, 5);
      const stopped = new AbortController();
      const records = log.read({ fromSequence: 3, signal: stopped.signal })[Symbol.asyncIterator]();
      const read: string[] = [];
      for (let index = 0; index < 3; index++) read.push(textOf((await records.next()).value));
      const next = records.next();
      await log.append({ data: bytes('live'), expectedLastSequence: 5, timeoutMs });
      const { value } = await next;
      expect([...read, textOf(value)]).toEqual(['record 3', 'record 4', 'record 5', 'live']);
      expect(value.sequence).toBe(6);
      expect(value.pending).toBe(0);
      stopped.abort();
      expect((await records.next()).done).toBe(true);
    });

    it('tells how much is behind a record, down to 0 at the head', async () => {
      const log = await open();
      await fill(log, 4);
      const stopped = new AbortController();
      const pending: number[] = [];
      for await (const stored of log.read({ fromSequence: 1, signal: stopped.signal })) {
        pending.push(stored.pending);
        if (stored.pending === 0) stopped.abort();
      }
      expect(pending).toEqual([3, 2, 1, 0]);
    });

    it('ends a reader that waits at the end when its signal fires', async () => {
      const log = await open();
      const stopped = new AbortController();
      const next = log.read({ fromSequence: 1, signal: stopped.signal })[Symbol.asyncIterator]().next();
      stopped.abort();
      expect((await next).done).toBe(true);
    });
  });
}
