/**
 * An exported log, line by line, each line JSON: a header, one line a record with its exact bytes and, for people and
 * other programs, its events; last the manifest. Everything but the bytes follows from them, so the bytes alone are
 * believed and the rest is compared. Pure.
 */
import { z } from 'zod';
import { FleetId, LogId } from '../../schemas/ids.ts';
import type { StoredRecord } from '../eventlog/log-port.ts';
import { recordHash } from '../eventlog/record-codec.ts';
import { decode } from '../wire/codec.ts';
import type { RecordItem } from './log-source.ts';
import { Manifest } from './manifest.ts';

export const Header = z.object({
  muster: z.literal('log export'),
  format: z.literal(1),
  fleet: FleetId.nullable(),
  log: LogId.nullable(),
});
export type Header = z.infer<typeof Header>;

const Line = z.object({ sequence: z.int().min(1), hash: z.string(), data: z.base64() });
const Last = z.object({ manifest: Manifest, signature: z.string().nullable() });

export function headerLine(header: Omit<Header, 'muster' | 'format'>): string {
  return `${JSON.stringify({ muster: 'log export', format: 1, ...header })}\n`;
}

const eventsKey = ',"events":';

export function recordLine({ sequence, data }: Pick<StoredRecord, 'sequence' | 'data'>): {
  line: string;
  hash: string;
} {
  const hash = Buffer.from(recordHash(data)).toString('hex');
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  const head = `{"sequence":${sequence},"hash":"${hash}","data":"${base64}"`;
  return { line: `${head}${eventsKey}${eventsText(data)}}\n`, hash };
}

/** The events as they were stored, not as today's program reads them: the text of an old export stays right. */
export function eventsText(data: Uint8Array): string {
  const record = decode(data, { aliasBinary: true }) as { events?: unknown } | null;
  return JSON.stringify(record?.events ?? []);
}

export function lastLine(last: z.infer<typeof Last>): string {
  return `${JSON.stringify(last)}\n`;
}

export type ParsedLine =
  | { readonly status: 'header'; readonly header: Header }
  | { readonly status: 'record'; readonly item: RecordItem }
  | { readonly status: 'last'; readonly manifest: Manifest; readonly signature: string | null }
  | { readonly status: 'unreadable'; readonly reason: string };

export function parseLine(line: string): ParsedLine {
  if (line.startsWith('{"sequence":')) return parseRecord(line);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { status: 'unreadable', reason: 'a line is not JSON' };
  }
  const header = Header.safeParse(value);
  if (header.success) return { status: 'header', header: header.data };
  const last = Last.safeParse(value);
  if (last.success) return { status: 'last', ...last.data };
  return { status: 'unreadable', reason: 'a line is neither header, record nor manifest' };
}

/** The events stay text: they are compared, not used, and their JSON costs more to read than the record itself. */
function parseRecord(line: string): ParsedLine {
  const cut = line.indexOf(eventsKey);
  try {
    const parsed = Line.safeParse(JSON.parse(`${line.slice(0, cut)}}`));
    if (cut !== -1 && line.endsWith('}') && parsed.success) {
      const { sequence, hash, data } = parsed.data;
      const bytes = new Uint8Array(Buffer.from(data, 'base64'));
      const events = line.slice(cut + eventsKey.length, -1);
      const item = {
        status: 'record',
        stored: { sequence, data: bytes, pending: 0 },
        written: { hash, events },
      } as const;
      return { status: 'record', item };
    }
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
  }
  return { status: 'unreadable', reason: 'a record’s line is not what an export writes' };
}
