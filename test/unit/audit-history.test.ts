/** A long history of random legal operation, replayed: the same bytes again, and the same state at every position. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { type VerifyOptions, verify } from '../../src/audit/verify.ts';
import { generateSigningKey } from '../../src/proof/keys.ts';
import { systemClock } from '../../src/std/clock.ts';
import {
  bytesOfRecord,
  type LooseRecord,
  lineOf,
  looseRecord,
  memorySource,
  readLines,
  rechained,
  scratchFolder,
  withBytes,
  writeLines,
} from '../support/export-tampering.ts';
import { type RandomHistory, randomHistory, seeded } from '../support/random-history.ts';
import { replay } from '../../src/audit/replay.ts';
import { freezeState } from '../../src/snapshots/frozen-state.ts';
import type { FleetState } from '../../src/domain/state.ts';
import { createHash } from 'node:crypto';

const events = 100_000;
const signal = new AbortController().signal;
const bytesOf = (state: FleetState) =>
  createHash('sha256')
    .update(JSON.stringify(freezeState(state)))
    .digest('hex');

/** Small states, so that a hundred of them are written down quickly. */
const servers = 24;
const random = seeded(7);
const sampled = new Set<number>();
while (sampled.size < 100) sampled.add(1 + Math.floor(random() * events));
const liveByPosition = new Map<number, string>();
const countByType = new Map<string, number>();
let history: RandomHistory;

beforeAll(() => {
  history = randomHistory({
    seed: 1,
    events,
    servers,
    onEvent: ({ position, type }, state) => {
      countByType.set(type, (countByType.get(type) ?? 0) + 1);
      if (sampled.has(position)) liveByPosition.set(position, bytesOf(state));
    },
  });
}, 60_000);

describe(`a history of ${events} events`, () => {
  it('gives the same bytes when it is replayed twice, and the state it was made with', async () => {
    const source = memorySource(history.records);
    const first = bytesOf((await replay(source, { signal })).state);
    expect(bytesOf((await replay(source, { signal })).state)).toBe(first);
    expect(first).toBe(bytesOf(history.state));
  });

  it('is of all kinds of operation, and not mostly of refusals', () => {
    expect(history.state.position).toBe(events);
    expect(countByType.get('command.rejected') ?? 0).toBeLessThan(events / 2);
    const often = [...countByType].filter(([, count]) => count >= 100).map(([type]) => type);
    const kinds = [
      'server.ready',
      'server.left',
      'server.moving',
      'rollout.advanced',
      'rollout.failed',
      'group.servers-set',
    ];
    expect(often).toEqual(expect.arrayContaining(kinds));
  });

  it('is made the same again from its seed', () => {
    const again = randomHistory({ seed: 1, events: 5_000, servers });
    const same = history.records.findIndex(
      (data, index) => !Buffer.from(data).equals(again.records[index] ?? new Uint8Array()),
    );
    // The last record is cut short by the end.
    expect(same).toBeGreaterThanOrEqual(again.records.length - 1);
  });

  it('has at any of a hundred positions the state the live fold had there', async () => {
    const replayed = new Map<number, string>();
    await replay(memorySource(history.records), {
      signal,
      onEvent: ({ position }, state) => {
        if (sampled.has(position)) replayed.set(position, bytesOf(state));
      },
    });
    expect(liveByPosition.size).toBe(sampled.size);
    expect(new Set(liveByPosition.values()).size).toBeGreaterThan(90);
    expect(replayed).toEqual(liveByPosition);
  });

  it('stops inside a record, at the position asked for', async () => {
    for (const position of [...sampled].slice(0, 2)) {
      const moment = await replay(memorySource(history.records), { to: position, signal });
      expect(moment.position).toBe(position);
      expect(bytesOf(moment.state)).toBe(liveByPosition.get(position));
    }
  });

  it('tells only what lies between the two ends', async () => {
    const told: number[] = [];
    await replay(memorySource(history.records), {
      from: 1_000,
      to: 1_010,
      signal,
      onEvent: ({ position }) => void told.push(position),
    });
    expect(told).toEqual(Array.from({ length: 11 }, (_, index) => 1_000 + index));
  });
});

/** One of each; what else can be done, and where, is in `audit-verify.test.ts`. */
describe(`an export of ${events} events`, () => {
  const key = generateSigningKey();
  const options: VerifyOptions = { key: key.publicKey, signal };
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let lines: string[];
  let sequence: number;
  let record: LooseRecord;

  beforeAll(async () => {
    folder = await scratchFolder();
    const path = folder.path('whole.gz');
    await exportLog(memorySource(history.records), { path, fleet: null, key, clock: systemClock, signal });
    lines = await readLines(path);
    sequence = lines.findIndex((line, index) => index > 500 && looseRecord(line).events.length >= 50);
  }, 60_000);
  afterAll(() => folder.remove());

  const replaced = (...by: string[]) => [...lines.slice(0, sequence), ...by, ...lines.slice(sequence + 1)];
  const edited = (change: (list: LooseRecord['events']) => void) => {
    record = looseRecord(lines[sequence] ?? '');
    change(record.events);
    return replaced(lineOf(sequence, bytesOfRecord(record)));
  };
  const swap = (list: LooseRecord['events']) => {
    const [taken] = list.splice(7, 1);
    if (taken !== undefined) list.splice(9, 0, taken);
  };
  const forge = ({ events: list }: LooseRecord) => {
    const event = list[7];
    if (event !== undefined) event['principal'] = 'mallory';
  };
  const flipped = () => {
    const line = lines[sequence] ?? '';
    const data = bytesOfRecord(looseRecord(line));
    data[data.length - 3] = (data[data.length - 3] ?? 0) ^ 0x01;
    return replaced(withBytes(line, data));
  };
  const anew = () => rechained(lines.slice(1, -1), sequence, forge).map(({ line }) => line);

  /** By offset from the record's first position; `last`: its last. */
  it.each([
    ['a flipped byte', 'changed', 'last', flipped],
    ['a removed event', 'missing', 7, () => edited((list) => void list.splice(7, 1))],
    ['two swapped', 'reordered', 7, () => edited(swap)],
    ['one inserted', 'inserted', 8, () => edited((list) => void list.splice(8, 0, { ...list[7] } as never))],
    ['the tail cut', 'cut', 0, () => lines.slice(0, sequence)],
    ['all of it made anew without the key', 'forged', 0, () => [lines[0] ?? '', ...anew(), lines.at(-1) ?? '']],
  ] as const)(
    'with %s is %s, and where',
    async (_what, flaw, offset, tampered) => {
      const whole = looseRecord(lines[sequence] ?? '');
      const path = folder.path(`${flaw}.gz`);
      await writeLines(path, tampered());
      const { finding } = await verify(exportFile(path), options);
      const position = whole.first + (offset === 'last' ? whole.events.length - 1 : offset);
      expect(finding).toMatchObject({ flaw, position, sequence });
    },
    30_000,
  );

  it('is proven untouched', async () => {
    const verdict = await verify(exportFile(folder.path('whole.gz')), options);
    expect(verdict).toMatchObject({ status: 'whole', last: events, proven: { by: 'manifest', through: events } });
  }, 30_000);
});
