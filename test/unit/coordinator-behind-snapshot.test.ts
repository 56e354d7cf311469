import { describe, expect, it } from 'vitest';
import { brokenBehind } from '../../src/coordinator/behind-snapshot.ts';
import type { LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';
import { Failure } from '../../src/std/failure.ts';
import { hastyClock, logOf, storedIn, walk } from './eventlog-fixtures.ts';

/** A log of four records whose second is delivered garbled; `held`: what its leader says on being asked for it. */
async function look(held: (whole: StoredRecord, asked: number) => StoredRecord): Promise<string | undefined> {
  const whole = await logOf([1, 2, 1, 1]);
  const { cursor } = walk(await storedIn(whole));
  let asked = 0;
  const log: LogPort = {
    append: (options) => whole.append(options),
    lastSequence: () => whole.lastSequence(),
    async get(sequence) {
      const stored = await whole.get(sequence);
      asked += 1;
      return stored === undefined ? undefined : held(stored, asked);
    },
    async *read(options) {
      for await (const stored of whole.read(options)) yield stored.sequence === 2 ? garbled(stored) : stored;
    },
  };
  return brokenBehind({ log, snapshot: cursor, clock: hastyClock(), signal: AbortSignal.timeout(10_000) });
}

function garbled(stored: StoredRecord): StoredRecord {
  return { ...stored, data: stored.data.slice(1) };
}

function noAnswer(): never {
  throw new Failure({ code: 'timeout', retryable: true, message: 'the stream has no leader' });
}

describe('reading behind the snapshot', () => {
  it('believes what the leader holds, not what was delivered', async () => {
    expect(await look((stored) => stored)).toBeUndefined();
  });

  it('tells of a record that the leader holds no better', async () => {
    expect(await look(garbled)).toContain('at sequence 2:');
  });

  it('goes on asking while the stream has no leader, and tells of a broken record all the same', async () => {
    expect(await look((stored, asked) => (asked < 3 ? noAnswer() : garbled(stored)))).toContain('at sequence 2:');
    expect(await look((stored, asked) => (asked < 3 ? noAnswer() : stored))).toBeUndefined();
  });
});
