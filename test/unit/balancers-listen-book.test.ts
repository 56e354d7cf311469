import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GroupId } from '../../schemas/ids.ts';
import { ListenBook } from '../../src/balancers/listen-book.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-book-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function openBook(): Promise<ListenBook> {
  const book = new ListenBook({ path: join(folder, 'listen.json'), given: {}, host: '127.0.0.1', basePort: 0 });
  await book.open();
  return book;
}

it.each(['production', 'constructor'])('gives a group called %s an address of its own, for good', async (name) => {
  const group = name as GroupId;
  const first = await (await openBook()).claim(group);
  expect(first).toMatchObject({ host: '127.0.0.1', port: expect.any(Number) });
  const again = await openBook();
  expect(await again.claim(group)).toEqual(first);
  await again.release(group);
  expect((await (await openBook()).claim(group)).port).not.toBe(first.port);
});
