import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetId } from '../../schemas/ids.ts';
import { exportCloudEvents } from '../../src/audit/cloud-events.ts';
import { memorySource, scratchFolder } from '../support/export-tampering.ts';
import { randomHistory } from '../support/random-history.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  folder = await scratchFolder();
  const { records } = randomHistory({ seed: 5, events: 500, servers: 8 });
  const path = folder.path('events.jsonl');
  const signal = new AbortController().signal;
  await exportCloudEvents(memorySource(records), { path, fleet: 'main' as FleetId, signal });
  lines = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
});
afterAll(() => folder.remove());

describe('a log as CloudEvents', () => {
  it('is one event a line, each once, in order', () => {
    expect(lines.map(({ id }) => Number(id))).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(new Set(lines.map(({ source, id }) => `${source} ${id}`)).size).toBe(500);
  });

  it('has what CloudEvents 1.0 asks of names and values', () => {
    for (const event of lines) {
      expect(event).toMatchObject({ specversion: '1.0', datacontenttype: 'application/json' });
      expect(event['type']).toMatch(/^muster\.[a-z]+\.[a-z-]+$/);
      expect(new Date(String(event['time'])).toISOString()).toBe(event['time']);
      for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    }
  });
});
