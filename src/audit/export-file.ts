/**
 * An exported file as a source. It is read as a stream, so its size does not matter. What the compression cannot make
 * sense of is said where it begins: bytes read before it are given first.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../std/failure.ts';
import { parseLine } from './export-lines.ts';
import type { Item, LogSource, ReadOptions } from './log-source.ts';

/** A record is 512 KiB at most; as base64 with its events as JSON beside it, some four times that. */
const lineBytesMax = 8 * 1024 * 1024;
/** Bytes handed to the decompressor at once. */
const pieceBytes = 64 * 1024;
/** What comes out of the piece in which it fails is lost, so a second look takes small ones there: some hundred bytes out. */
const carefulPieceBytes = 16;
/** How far before the last piece handed over it may have failed: what lies in buffers between, with room to spare. */
const carefulBytes = 8 * pieceBytes;

export function exportFile(path: string): LogSource {
  return { name: path, read: (options) => items(path, options) };
}

async function* items(path: string, { fromSequence, signal }: ReadOptions): AsyncGenerator<Item, void, undefined> {
  const digest = createHash('sha256');
  let lines = 0;
  let last: string | undefined;
  for await (const part of linesWithCare(path, signal)) {
    if (part.status === 'damaged') return yield part;
    const { line } = part;
    lines += 1;
    if (last !== undefined) return yield damaged('changed', 'there are lines behind the manifest');
    const parsed = parseLine(line);
    if (parsed.status === 'last') {
      const { manifest, signature } = parsed;
      last = line;
      yield { status: 'closed', closing: { manifest, signature, digest: digest.copy().digest('hex') } };
      continue;
    }
    digest.update(line).update('\n');
    if (parsed.status === 'unreadable') {
      // The end of a file that was cut falls into a line as a rule.
      return yield damaged(part.ended ? 'changed' : 'cut', parsed.reason);
    }
    if ((lines === 1) !== (parsed.status === 'header')) {
      if (lines === 1) throw notAnExport(path);
      return yield damaged('changed', 'there is a second header');
    }
    if (parsed.status === 'record' && parsed.item.stored.sequence >= fromSequence) yield parsed.item;
  }
  if (lines === 0) throw notAnExport(path);
  if (last === undefined) yield damaged('cut', 'the file ends without its manifest');
}

type Part =
  | { readonly status: 'line'; readonly line: string /** By a line end. */; readonly ended: boolean }
  | Extract<Item, { status: 'damaged' }>;

/** The lines of the file; where decompressing fails, read again, with care up to there. */
async function* linesWithCare(path: string, signal: AbortSignal): AsyncGenerator<Part, void, undefined> {
  let given = 0;
  let careFrom = Number.POSITIVE_INFINITY;
  for (;;) {
    let seen = 0;
    let unended: Part | undefined;
    const fed = { bytes: 0 };
    try {
      for await (const part of lineParts(unzipped(path, { careFrom, fed, signal }))) {
        seen += 1;
        if (seen <= given) continue;
        // A line without an end stands last: it is held until it is clear that the file ends there.
        if (part.status === 'line' && !part.ended) {
          unended = part;
          continue;
        }
        given = seen;
        yield part;
      }
      if (unended !== undefined) yield unended;
      return;
    } catch (caught) {
      const code = (caught as NodeJS.ErrnoException).code ?? '';
      if (!code.startsWith('Z_')) {
        if (signal.aborted) throw new Failure({ code: 'aborted', retryable: false, message: `reading ${path}` });
        if ((caught as NodeJS.ErrnoException).syscall === undefined) throw caught;
        throw Failure.from(caught, { code: 'io', retryable: false, message: `reading ${path}` });
      }
      if (careFrom !== Number.POSITIVE_INFINITY) {
        const flaw = code === 'Z_BUF_ERROR' ? 'cut' : 'changed';
        return yield damaged(flaw, `its compression breaks: ${(caught as Error).message}`);
      }
      careFrom = Math.max(0, fed.bytes - carefulBytes);
    }
  }
}

interface UnzipOptions {
  /** The byte of the file from which on it is handed over in small pieces. */
  readonly careFrom: number;
  /** How much was handed over so far; written to. */
  readonly fed: { bytes: number };
  readonly signal: AbortSignal;
}

async function* unzipped(path: string, options: UnzipOptions): AsyncGenerator<Buffer, void, undefined> {
  const source = Readable.from(pieces(path, options), { objectMode: true, highWaterMark: 1 });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
  } finally {
    gunzip.destroy();
    source.destroy();
  }
}

async function* pieces(path: string, { careFrom, fed, signal }: UnzipOptions): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of createReadStream(path, { signal, highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
    const size = fed.bytes + chunk.length > careFrom ? carefulPieceBytes : chunk.length;
    for (let at = 0; at < chunk.length; at += size) {
      const piece = chunk.subarray(at, at + size);
      fed.bytes += piece.length;
      yield piece;
    }
  }
}

async function* lineParts(text: AsyncIterable<Buffer>): AsyncGenerator<Part, void, undefined> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let held = 0;
  for await (const chunk of text) {
    const read = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = read.indexOf('\n'); end !== -1; end = read.indexOf('\n', from)) {
      yield { status: 'line', line: pieces.join('') + read.slice(from, end), ended: true };
      pieces = [];
      held = 0;
      from = end + 1;
    }
    pieces.push(read.slice(from));
    held += read.length - from;
    if (held > lineBytesMax) return yield damaged('changed', `a line is longer than ${lineBytesMax} bytes`);
  }
  const rest = pieces.join('');
  if (rest !== '') yield { status: 'line', line: rest, ended: false };
}

function damaged(flaw: 'changed' | 'cut', reason: string): Extract<Item, { status: 'damaged' }> {
  return { status: 'damaged', flaw, reason };
}

function notAnExport(path: string): Failure {
  const message = `${path} is not an export of a log (write one with: muster audit export FILE)`;
  return new Failure({ code: 'malformed', retryable: false, message });
}
