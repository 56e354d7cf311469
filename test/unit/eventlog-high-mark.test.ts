import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHighMark } from '../../src/eventlog/high-mark.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import { logOf, storedIn, walk } from './eventlog-fixtures.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-high-mark-'));
  path = join(folder, 'high-mark.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const timeoutMs = 1_000;

/** The cursor after the first `count` records. */
async function cursorIn(log: MemoryLog, count: number) {
  return walk((await storedIn(log)).slice(0, count)).cursor;
}

describe('the high mark', () => {
  it('has nothing against a log when it has seen none', async () => {
    const high = await openHighMark(path);
    expect(high.mark).toBeUndefined();
    await high.check(new MemoryLog(), timeoutMs);
  });

  it('keeps the highest point seen over a restart, and never goes back', async () => {
    const log = await logOf([2, 2, 2]);
    const high = await openHighMark(path);
    await high.raise(await cursorIn(log, 2));
    await high.raise(await cursorIn(log, 1));
    await Promise.all([high.raise(await cursorIn(log, 3)), high.raise(await cursorIn(log, 2))]);
    const again = await openHighMark(path);
    expect(again.mark).toMatchObject({ log: 'log-for-tests', term: 1, position: 6, sequence: 3 });
    expect(again.mark).toEqual(high.mark);
    expect(await readdir(folder)).toEqual(['high-mark.json']);
    await again.check(log, timeoutMs);
  });

  it('accepts a log that went on since', async () => {
    const log = await logOf([1, 1, 1]);
    const high = await openHighMark(path);
    await high.raise(await cursorIn(log, 1));
    await high.check(log, timeoutMs);
  });

  it('refuses a log that ends below it, naming both positions', async () => {
    const high = await openHighMark(path);
    await high.raise(await cursorIn(await logOf([2, 2, 2]), 3));
    await expect(high.check(await logOf([2, 2]), timeoutMs)).rejects.toMatchObject({
      code: 'log-regressed',
      message: expect.stringMatching(/ends at position 4 .* position 6 /),
    });
    await expect(high.check(new MemoryLog(), timeoutMs)).rejects.toMatchObject({
      code: 'log-regressed',
      message: expect.stringMatching(/empty.* position 6 /),
    });
  });

  it('refuses a log that went back and grew past it again', async () => {
    const high = await openHighMark(path);
    await high.raise(await cursorIn(await logOf([2, 2]), 2));
    const regrown = await logOf([2, 1, 1, 5]);
    await expect(high.check(regrown, timeoutMs)).rejects.toMatchObject({
      code: 'log-regressed',
      message: expect.stringMatching(/position 3 .* position 4 /),
    });
  });

  it('does not forget silently: a file that cannot be read is an error', async () => {
    await writeFile(path, '{"format":1');
    await expect(openHighMark(path)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(path),
    });
    expect(await readFile(path, 'utf8')).toBe('{"format":1');
  });

  it('says where it could not write', async () => {
    const high = await openHighMark(join(folder, 'no', 'such', 'folder'));
    const cursor = await cursorIn(await logOf([1]), 1);
    await expect(high.raise(cursor)).rejects.toMatchObject({ code: 'io' });
    await expect(high.raise(cursor)).rejects.toMatchObject({ code: 'io' });
  });
});
