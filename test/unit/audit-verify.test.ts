/** An exported file, and everything that can be done to it by somebody who has no key. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { gzipSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { verify, type Verdict } from '../../src/audit/verify.ts';
import { generateSigningKey } from '../../src/proof/keys.ts';
import { systemClock } from '../../src/std/clock.ts';
import {
  bytesOfRecord,
  lineOf,
  looseRecord,
  memorySource,
  readLines,
  rechained,
  scratchFolder,
  withBytes,
  writeLines,
} from '../support/export-tampering.ts';
import { type RandomHistory, randomHistory } from '../support/random-history.ts';

/** Some five hundred records: the same things are done to a long history in `audit-history.test.ts`. */
const events = 15_000;
const signal = new AbortController().signal;
const key = generateSigningKey();
let folder: Awaited<ReturnType<typeof scratchFolder>>;
let history: RandomHistory;
/** The exported file and its lines: [0] is the header, [n] record n, the last the manifest. */
let whole: string;
let lines: string[];
let files = 0;

beforeAll(async () => {
  folder = await scratchFolder();
  history = randomHistory({ seed: 3, events, servers: 24, recordEventsMax: 60 });
  whole = folder.path('whole.ndjson.gz');
  await exportLog(memorySource(history.records), { path: whole, fleet: null, key, clock: systemClock, signal });
  lines = await readLines(whole);
}, 60_000);
afterAll(() => folder.remove());

async function verdictOf(changed: readonly string[]): Promise<Verdict> {
  files += 1;
  const path = folder.path(`${files}.ndjson.gz`);
  await writeLines(path, changed);
  return verify(exportFile(path), { key: key.publicKey, signal });
}

/** A record in the middle of the history with events enough to play with, and its positions. */
function middle() {
  const sequence = lines.findIndex((line, index) => index > 100 && looseRecord(line).events.length >= 20);
  const line = lines[sequence] ?? '';
  const record = looseRecord(line);
  return { sequence, line, record, first: record.first, last: record.first + record.events.length - 1 };
}

function replaced(sequence: number, ...by: readonly string[]): string[] {
  return [...lines.slice(0, sequence), ...by, ...lines.slice(sequence + 1)];
}

describe('an export that nobody touched', () => {
  it('is proven by the public key alone', async () => {
    const verdict = await verify(exportFile(whole), { key: key.publicKey, signal });
    expect(verdict).toMatchObject({ status: 'whole', last: events, records: history.records.length, voids: [] });
    expect(verdict.proven).toEqual({ by: 'manifest', through: events });
    expect(verdict.lastHash).toBe(Buffer.from(history.cursor.hash).toString('hex'));
  });

  it('is whole without a key too, and is then said to be unproven', async () => {
    const verdict = await verify(exportFile(whole), { signal });
    expect(verdict).toMatchObject({ status: 'whole', proven: null });
  });

  it('is refused under another key', async () => {
    const verdict = await verify(exportFile(whole), { key: generateSigningKey().publicKey, signal });
    expect(verdict.finding).toMatchObject({ flaw: 'forged', position: 1, through: events });
  });

  it('is read from a line a record, with the events beside the bytes', () => {
    const { sequence, events: told } = JSON.parse(lines[5] ?? '') as {
      sequence: number;
      events: { position: number }[];
    };
    expect(sequence).toBe(5);
    expect(told.map(({ position }) => position)).toEqual(
      looseRecord(lines[5] ?? '').events.map(({ position }) => position),
    );
  });
});

describe('a flipped byte', () => {
  it('in the bytes of an event is found at that event, as changed', async () => {
    const { sequence, line, record, first } = middle();
    (record.events[7] as { principal?: string })['principal'] = 'mallory';
    const verdict = await verdictOf(replaced(sequence, withBytes(line, bytesOfRecord(record))));
    expect(verdict.finding).toMatchObject({ flaw: 'changed', position: first + 7, sequence });
  });

  it('anywhere in the bytes of a record is found in that record', async () => {
    const { sequence, line, first, last } = middle();
    for (const at of [3, 40, 200, 900]) {
      const data = Buffer.from((JSON.parse(line) as { data: string }).data, 'base64');
      data[at] = (data[at] ?? 0) ^ 0x01;
      const { finding } = await verdictOf(replaced(sequence, withBytes(line, data)));
      expect(finding).toMatchObject({ flaw: 'changed', sequence });
      expect(finding?.position).toBeGreaterThanOrEqual(first);
      expect(finding?.position).toBeLessThanOrEqual(last);
      expect(finding?.through).toBe(last);
    }
  });

  it('in a record whose whole line was written anew is found in that record, by the one behind it', async () => {
    const { sequence, record, first, last } = middle();
    (record.events[7] as { principal?: string })['principal'] = 'mallory';
    const verdict = await verdictOf(replaced(sequence, lineOf(sequence, bytesOfRecord(record))));
    expect(verdict.finding).toMatchObject({ flaw: 'changed', position: first, through: last, sequence });
  });

  it('in what a line tells people is found at that event', async () => {
    const { sequence, line, record, first } = middle();
    const { principal } = record.events[4] as unknown as { principal: string };
    const cut = line.indexOf(`{"position":${first + 4},`);
    const changed = line.slice(0, cut) + line.slice(cut).replace(`"${principal}"`, '"mallory"');
    const verdict = await verdictOf(replaced(sequence, changed));
    expect(verdict.finding).toMatchObject({ flaw: 'changed', position: first + 4, sequence });
  });

  it('in the compressed file is found before anything behind it is believed', async () => {
    const bytes = await readFile(whole);
    const text = gunzipSync(bytes).toString();
    for (const share of [0.1, 0.5, 0.9]) {
      const at = Math.floor(bytes.length * share);
      const path = folder.path('flipped.ndjson.gz');
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await writeFile(path, flipped);
      const { status, finding, last } = await verify(exportFile(path), { key: key.publicKey, signal });
      expect(status).toBe('wrong');
      expect(finding?.flaw).toBe('changed');
      expect(last).toBeLessThanOrEqual(finding?.position ?? 0);
      // As far along as the byte was, give or take a block of the compression.
      const before = text.indexOf(`"sequence":${finding?.sequence},`) / text.length;
      expect(Math.abs(before - share)).toBeLessThan(0.05);
    }
  });
});

describe('a removed event', () => {
  it('is missed at its position, whatever of the line was written anew', async () => {
    const { sequence, line, record, first } = middle();
    record.events.splice(5, 1);
    const data = bytesOfRecord(record);
    for (const changed of [withBytes(line, data), lineOf(sequence, data)]) {
      const { finding } = await verdictOf(replaced(sequence, changed));
      expect(finding).toMatchObject({ flaw: 'missing', position: first + 5, sequence });
    }
  });

  it('at the end of a record is missed too', async () => {
    const { sequence, record, last } = middle();
    record.events.pop();
    const { finding } = await verdictOf(replaced(sequence, lineOf(sequence, bytesOfRecord(record))));
    expect(finding).toMatchObject({ flaw: 'missing', position: last, sequence });
  });

  it('is missed with its whole record', async () => {
    const { sequence, first, last } = middle();
    const { finding } = await verdictOf(replaced(sequence));
    expect(finding).toMatchObject({ flaw: 'missing', position: first, through: last, sequence });
  });

  it('is missed with its record where the lines behind were numbered anew', async () => {
    const { sequence, first } = middle();
    const renumbered = lines.map((line, index) =>
      index > sequence && index < lines.length - 1
        ? line.replace(/^\{"sequence":\d+/, `{"sequence":${index - 1}`)
        : line,
    );
    const { finding } = await verdictOf([...renumbered.slice(0, sequence), ...renumbered.slice(sequence + 1)]);
    expect(finding).toMatchObject({ flaw: 'missing', position: first, sequence });
  });
});

describe('two that were swapped', () => {
  it('are found at the first of them, in one record', async () => {
    const { sequence, line, record, first } = middle();
    const [a, b] = [record.events[3], record.events[6]];
    if (a === undefined || b === undefined) throw new Error('the record is too small');
    record.events[3] = b;
    record.events[6] = a;
    const data = bytesOfRecord(record);
    for (const changed of [withBytes(line, data), lineOf(sequence, data)]) {
      const { finding } = await verdictOf(replaced(sequence, changed));
      expect(finding).toMatchObject({ flaw: 'reordered', position: first + 3, sequence });
    }
  });

  it('are found at the first of them, as whole records, near and far apart', async () => {
    const { sequence, first } = middle();
    for (const distance of [1, 5, 300]) {
      const changed = [...lines];
      changed[sequence] = lines[sequence + distance] ?? '';
      changed[sequence + distance] = lines[sequence] ?? '';
      const { finding } = await verdictOf(changed);
      expect(finding).toMatchObject({ flaw: 'reordered', position: first, sequence });
    }
  });
});

describe('one that was inserted', () => {
  it('is found at its position, in a record', async () => {
    const { sequence, line, record, first } = middle();
    const [sample] = record.events;
    record.events.splice(5, 0, { ...sample, position: first + 5 });
    const { finding } = await verdictOf(replaced(sequence, withBytes(line, bytesOfRecord(record))));
    expect(finding).toMatchObject({ flaw: 'inserted', position: first + 5, sequence });
  });

  it('is found in its record where the events behind it were numbered anew', async () => {
    const { sequence, record, first, last } = middle();
    const [sample] = record.events;
    record.events.splice(5, 0, { ...sample, position: 0 });
    for (const [index, event] of record.events.entries()) event.position = first + index;
    const { finding } = await verdictOf(replaced(sequence, lineOf(sequence, bytesOfRecord(record))));
    expect(finding).toMatchObject({ flaw: 'inserted', sequence });
    expect(finding?.position).toBeLessThanOrEqual(last + 1);
  });

  it('is found as a whole record, linked or not, or the same once more', async () => {
    const { sequence, line, record, first } = middle();
    const linkedToo = { ...record, events: record.events.slice(0, 2) };
    const unlinked = { ...linkedToo, previousHash: new Uint8Array(32) };
    for (const forged of [linkedToo, unlinked]) {
      const { finding } = await verdictOf(replaced(sequence, lineOf(sequence, bytesOfRecord(forged)), line));
      expect(finding).toMatchObject({ flaw: 'inserted', position: first, sequence });
    }
    const { finding } = await verdictOf(replaced(sequence, line, line));
    expect(finding).toMatchObject({ flaw: 'inserted', position: first + record.events.length, sequence: sequence + 1 });
  });
});

describe('a tail that was cut', () => {
  it('is missed at the first position that is gone, with the manifest and without', async () => {
    const { sequence, first } = middle();
    const manifest = lines.at(-1) ?? '';
    for (const end of [[], [manifest]]) {
      const { finding, last } = await verdictOf([...lines.slice(0, sequence), ...end]);
      expect(finding).toMatchObject({ flaw: 'cut', position: first, sequence });
      expect(last).toBe(first - 1);
    }
  });

  it('is missed where the file simply ends', async () => {
    const bytes = await readFile(whole);
    const path = folder.path('cut.ndjson.gz');
    await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const { finding, last } = await verify(exportFile(path), { key: key.publicKey, signal });
    expect(finding).toMatchObject({ flaw: 'cut', position: last + 1 });
    expect(last).toBeGreaterThan(events * 0.5);
  });
});

describe('a chain made anew by someone without the key', () => {
  const change = (record: { events: { position: number; [field: string]: unknown }[] }) => {
    const event = record.events[7];
    if (event !== undefined) event['principal'] = 'mallory';
  };

  it('is forged from the record that was changed on, where the manifest was left', async () => {
    const { sequence, first, last } = middle();
    const anew = rechained(lines.slice(1, -1), sequence, change).map(({ line }) => line);
    const { finding } = await verdictOf([lines[0] ?? '', ...anew, lines.at(-1) ?? '']);
    expect(finding).toMatchObject({ flaw: 'forged', position: first, through: last, sequence });
  });

  it('is forged where the manifest was made anew too, unsigned or under another key', async () => {
    const { sequence } = middle();
    const records = rechained(lines.slice(1, -1), sequence, change).map(({ data }) => data);
    for (const other of [undefined, generateSigningKey()]) {
      const path = folder.path('anew.ndjson.gz');
      const signing = other === undefined ? {} : { key: other };
      await exportLog(memorySource(records), { path, fleet: null, clock: systemClock, signal, ...signing });
      const verdict = await verify(exportFile(path), { key: key.publicKey, signal });
      expect(verdict.finding).toMatchObject({ flaw: 'forged', position: 1, through: events });
      expect(await verify(exportFile(path), { signal })).toMatchObject({ status: 'whole', proven: null });
    }
  });

  it('is forged, not merely short, where an event was taken out before', async () => {
    const { sequence } = middle();
    const anew = rechained(lines.slice(1, -1), sequence, (record) => void record.events.splice(5, 1));
    const { finding } = await verdictOf([lines[0] ?? '', ...anew.map(({ line }) => line), lines.at(-1) ?? '']);
    expect(finding).toMatchObject({ flaw: 'forged', sequence });
  });
});

describe('a file that is no export', () => {
  it('is refused as such', async () => {
    const path = folder.path('other.gz');
    await writeFile(path, gzipSync('{"hello":"world"}\n'));
    await expect(verify(exportFile(path), { signal })).resolves.toMatchObject({ status: 'wrong' });
    await copyFile(path, folder.path('copy.gz'));
    await expect(verify(exportFile(folder.path('none.gz')), { signal })).rejects.toMatchObject({ code: 'io' });
  });
});
