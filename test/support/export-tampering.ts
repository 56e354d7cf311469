/** An export taken apart and put together again: what somebody does to a file who has no key. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { StoredRecord } from '../../src/eventlog/log-port.ts';
import { encodeRecord, recordHash } from '../../src/eventlog/record-codec.ts';
import { recordLine } from '../../src/audit/export-lines.ts';
import type { LogSource } from '../../src/audit/log-source.ts';
import { decode, encode } from '../../src/wire/codec.ts';

/** A record as it is written, loosely: tampering obeys no schema. */
export interface LooseRecord {
  events: { position: number; [field: string]: unknown }[];
  first: number;
  previousSequence: number;
  previousHash: Uint8Array;
  [field: string]: unknown;
}

/** Records in memory as a source. */
export function memorySource(records: readonly Uint8Array[]): LogSource {
  return {
    name: 'memory',
    async *read({ fromSequence }) {
      for (let sequence = fromSequence; sequence <= records.length; sequence += 1) {
        const data = records[sequence - 1] as Uint8Array;
        const stored: StoredRecord = { sequence, data, pending: records.length - sequence };
        yield { status: 'record', stored };
      }
    },
  };
}

export async function readLines(path: string): Promise<string[]> {
  return gunzipSync(await readFile(path))
    .toString()
    .trimEnd()
    .split('\n');
}

export async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, gzipSync(`${lines.join('\n')}\n`, { level: 1 }));
}

/** The bytes of a record's line. */
function bytesOfLine(line: string): Uint8Array {
  return new Uint8Array(Buffer.from((JSON.parse(line) as { data: string }).data, 'base64'));
}

export function looseRecord(line: string): LooseRecord {
  return decode(bytesOfLine(line)) as LooseRecord;
}

export function bytesOfRecord({ events, ...head }: LooseRecord): Uint8Array {
  return encodeRecord(
    head as never,
    events.map((event) => new Uint8Array(encode(event))),
  );
}

/** Only the bytes are replaced: hash and events of the line stay what they were. */
export function withBytes(line: string, data: Uint8Array): string {
  return line.replace(/"data":"[^"]*"/, `"data":"${Buffer.from(data).toString('base64')}"`);
}

/** The whole line as an export would write it for these bytes. */
export function lineOf(sequence: number, data: Uint8Array): string {
  return recordLine({ sequence, data }).line.trimEnd();
}

/** Every record from the changed one on linked anew: what whoever has no key can do. */
export function rechained(
  lines: readonly string[],
  from: number,
  change: (record: LooseRecord) => void,
): { line: string; data: Uint8Array }[] {
  let previousHash: Uint8Array | undefined;
  return lines.map((line, index) => {
    const sequence = index + 1;
    if (sequence < from) return { line, data: bytesOfLine(line) };
    const record = looseRecord(line);
    if (sequence === from) change(record);
    if (previousHash !== undefined) record.previousHash = previousHash;
    const data = bytesOfRecord(record);
    previousHash = recordHash(data);
    return { line: lineOf(sequence, data), data };
  });
}

export async function scratchFolder(): Promise<{ path: (name: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-audit-'));
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}
