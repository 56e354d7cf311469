/** A long history of random legal operation, replayed: the same bytes again, and the same state at every position. */
import { beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../support/export-tampering.ts';
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
const sampled = new Set(Array.from({ length: 100 }, () => 1 + Math.floor(random() * events)));
const liveByPosition = new Map<number, string>();
let history: RandomHistory;

beforeAll(() => {
  history = randomHistory({
    seed: 1,
    events,
    servers,
    onEvent: ({ position }, state) => {
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
    expect(replayed).toEqual(liveByPosition);
  });

  it('stops inside a record, at the position asked for', async () => {
    for (const position of [...sampled].slice(0, 5)) {
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
