import { describe, expect, it } from 'vitest';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { desiredPool, type HeardEntry, HeldPool, heardEntry, wholeness } from '../../src/pool-sync/held-pool.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { addDigests } from '../../src/wire/pool-digest.ts';

const log = 'log-of-test' as PoolEntry['log'];
const group = 'production' as PoolEntry['group'];

function entry(server: string, fields: Partial<PoolEntry> = {}): HeardEntry {
  const whole = {
    log,
    term: 1,
    position: 1,
    group,
    server,
    address: { host: '127.0.0.1', port: 1 },
    weight: 1,
    admin: 'ready',
  };
  const value = { ...whole, ...fields } as PoolEntry;
  return heardEntry(value, encodeMessage(value));
}

function revisionOf(entries: HeardEntry[], fields: Partial<PoolRevision> = {}): PoolRevision {
  const counted = entries.filter(({ entry: { admin } }) => admin !== 'gone');
  const digest = addDigests(counted.map(({ bytes }) => bytes));
  return { log, term: 1, position: 1, group, size: counted.length, digest, ...fields };
}

describe('a pool that is heard', () => {
  it('is whole when size and digest match, in any order', () => {
    const entries = [entry('s1'), entry('s2')];
    expect(wholeness([...entries].reverse(), revisionOf(entries)).status).toBe('whole');
  });

  it('is partial while an entry is missing', () => {
    const entries = [entry('s1'), entry('s2')];
    expect(wholeness(entries.slice(1), revisionOf(entries)).status).toBe('partial');
  });

  it('is partial when an entry is another than the one closed', () => {
    const revision = revisionOf([entry('s1')]);
    expect(wholeness([entry('s1', { weight: 2 })], revision).status).toBe('partial');
  });

  it('is partial when an entry is newer than the revision, by term first', () => {
    const newer = [entry('s1', { term: 2, position: 1 })];
    expect(wholeness(newer, revisionOf(newer, { position: 9 })).status).toBe('partial');
    expect(wholeness(newer, revisionOf(newer, { term: 2 })).status).toBe('whole');
  });

  it('does not count tombstones, and they are not in the balancer', () => {
    const entries = [entry('s2'), entry('s1', { admin: 'gone' })];
    expect(wholeness(entries, revisionOf(entries)).status).toBe('whole');
    expect(desiredPool(group, entries).servers.map(({ server }) => server)).toEqual(['s2']);
  });

  it('lets go of servers that are gone, and is as whole without them', () => {
    const held = new HeldPool();
    for (let at = 0; at < 1_000; at += 1) {
      held.hearEntry(entry(`s${at}`));
      held.hearEntry(entry(`s${at}`, { admin: 'gone', position: 2 }));
    }
    const stays = entry('stays');
    held.hearEntry(stays);
    held.forgetGone();
    expect(held.entries).toEqual([stays]);
    expect(wholeness(held.entries, revisionOf([stays], { position: 2 })).status).toBe('whole');
  });

  it('keeps the newer of two entries and of two revisions, whichever came last', () => {
    const held = new HeldPool();
    held.hearEntry(entry('s1', { position: 5, weight: 5 }));
    held.hearEntry(entry('s1', { position: 4, weight: 4 }));
    expect(held.entries.map((heard) => heard.entry.weight)).toEqual([5]);
    expect(held.hearRevision(revisionOf([], { term: 2, position: 1 }))).toBe(true);
    expect(held.hearRevision(revisionOf([], { term: 1, position: 9 }))).toBe(false);
  });
});
