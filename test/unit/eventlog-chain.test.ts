import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogId } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { emptyCursor, follow } from '../../src/eventlog/chain.ts';
import type { StoredRecord } from '../../src/eventlog/log-port.ts';
import { decodeRecord, encodeEvent, encodeRecord, recordHash } from '../../src/eventlog/record-codec.ts';
import { logOf, positionsOf, startCursor, storedIn, upTo, walk } from './eventlog-fixtures.ts';

const whole = fc
  .array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 8 })
  .chain((counts) => fc.tuple(fc.constant(counts), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 })));

function renumbered(stored: readonly StoredRecord[]): StoredRecord[] {
  return stored.map(({ data }, index) => ({ data, sequence: index + 1, pending: stored.length - index - 1 }));
}

/** The same record with other fields, as somebody who has the keys would write it. */
function rewritten(stored: StoredRecord | undefined, changes: Partial<Record>): StoredRecord {
  const { events, ...head } = { ...decodeRecord(stored?.data ?? new Uint8Array()), ...changes };
  return { sequence: stored?.sequence ?? 0, pending: 0, data: encodeRecord(head, events.map(encodeEvent)) };
}

describe('the chain of a log', () => {
  it('links every record of one writer', async () => {
    const log = walk(await storedIn(await logOf([1, 3, 2])));
    expect(log.broken).toBeUndefined();
    expect(positionsOf(log.records)).toEqual(upTo(6));
    expect(log.cursor).toMatchObject({ log: startCursor.log, term: 1, sequence: 3, position: 6 });
  });

  it('breaks at a flipped byte, or at the record after it', async () => {
    await fc.assert(
      fc.asyncProperty(whole, async ([counts, pick, at, flip]) => {
        const stored = await storedIn(await logOf(counts));
        // The last one is proved by nothing yet but its own form: that is what the high mark is for.
        const victim = pick % (stored.length - 1);
        const { data } = stored[victim] as StoredRecord;
        data[at % data.length] = (data[at % data.length] ?? 0) ^ flip;
        expect([victim + 1, victim + 2]).toContain(walk(stored).broken?.sequence);
      }),
    );
  });

  it('breaks where a record was removed, whether the numbers close up or not', async () => {
    await fc.assert(
      fc.asyncProperty(whole, async ([counts, pick]) => {
        const stored = await storedIn(await logOf(counts));
        const victim = pick % (stored.length - 1);
        stored.splice(victim, 1);
        expect(walk(stored).broken?.sequence).toBe(victim + 2);
        expect(walk(renumbered(stored)).broken?.sequence).toBe(victim + 1);
      }),
    );
  });

  it('breaks where two records changed places', async () => {
    await fc.assert(
      fc.asyncProperty(whole, async ([counts, pick]) => {
        const stored = await storedIn(await logOf(counts));
        const first = pick % (stored.length - 1);
        stored.splice(first, 2, stored[first + 1] as StoredRecord, stored[first] as StoredRecord);
        expect(walk(renumbered(stored)).broken?.sequence).toBe(first + 1);
      }),
    );
  });

  it('breaks where a record was put in', async () => {
    await fc.assert(
      fc.asyncProperty(whole, async ([counts, pick, source]) => {
        const stored = await storedIn(await logOf(counts));
        const at = 1 + (pick % (stored.length - 1));
        const from = source % stored.length;
        stored.splice(at, 0, stored[from] as StoredRecord);
        // A record put in before itself stands where it belongs: its second self is the one too many.
        expect(walk(renumbered(stored)).broken?.sequence).toBe(from === at ? at + 2 : at + 1);
      }),
    );
  });

  it('breaks at a record of another log', async () => {
    const stored = await storedIn(await logOf([1, 1, 1]));
    const foreign = await storedIn(await logOf([1, 1, 1], { cursor: { ...startCursor, log: 'another-log' as LogId } }));
    const mixed = [stored[0], foreign[1], stored[2]] as StoredRecord[];
    expect(walk(mixed).broken).toMatchObject({ sequence: 2, reason: expect.stringContaining('another-log') });
  });

  it('breaks where a position is skipped, repeated, or the watermark goes back', async () => {
    const mark = (sequence: number, hash = 'h') => ({ stream: 'commands', sequence, hash });
    const stored = await storedIn(await logOf([1, 1, 2], { watermark: mark(7) }));
    const before = walk(stored.slice(0, 2)).cursor;
    const last = decodeRecord(stored[2]?.data ?? new Uint8Array());
    const gap = last.events.map((event, index) => ({ ...event, position: event.position + index }));
    const wrong: Partial<Record>[] = [
      { first: last.first + 1 },
      { first: last.first - 1 },
      { events: gap },
      { previousSequence: 1 },
      { previousHash: new Uint8Array(32) },
      { watermark: mark(6) },
      { watermark: mark(7, 'other') },
    ];
    for (const changes of wrong) expect(follow(before, rewritten(stored[2], changes)).status).toBe('broken');
    expect(follow(before, rewritten(stored[2], { watermark: mark(8) })).status).toBe('linked');
    expect(follow(before, rewritten(stored[2], { watermark: { ...mark(1), stream: 'new' } })).status).toBe('linked');
  });

  it('takes a record of a closed term as void: no position, no watermark, and the next record proves it', async () => {
    const stored = await storedIn(await logOf([1, 1], { term: 5 }));
    const { cursor } = walk(stored);
    const link = { first: 3, previousSequence: 2, previousHash: cursor.hash, events: [] };
    const stale = { ...rewritten(stored[1], { ...link, term: 4 }), sequence: 3 };
    const followed = follow(cursor, stale);
    if (followed.status !== 'void') throw new Error(`it is ${followed.status}`);
    expect(followed.cursor).toEqual({ ...cursor, sequence: 3, hash: recordHash(stale.data) });
    const next = rewritten(stored[1], { ...link, previousSequence: 3, previousHash: recordHash(stale.data) });
    expect(follow(followed.cursor, { ...next, sequence: 4 }).status).toBe('linked');
    const blind = rewritten(stored[1], { ...link, previousSequence: 3 });
    expect(follow(followed.cursor, { ...blind, sequence: 4 }).status).toBe('broken');
  });

  it('breaks behind a term that was raised by a flipped bit, instead of taking all that follows as void', async () => {
    const stored = await storedIn(await logOf([1, 1, 1, 1]));
    stored[1] = rewritten(stored[1], { term: 3 });
    expect(walk(stored).broken?.sequence).toBe(3);
  });

  it('breaks at bytes that are no record', () => {
    for (const data of [new Uint8Array(0), Uint8Array.of(0xc1), Uint8Array.of(0x80), new Uint8Array(100).fill(0xdd)]) {
      expect(follow(emptyCursor, { sequence: 1, data, pending: 0 }).status).toBe('broken');
    }
  });
});
