/** Lines into a file that is there whole or not at all: written beside, synced, renamed. */
import { open, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { Failure } from '../std/failure.ts';

export interface WriteWholeOptions {
  readonly path: string;
  readonly gzip: boolean;
  readonly lines: AsyncIterable<string>;
  readonly signal: AbortSignal;
}

/** Lines handed to the stream at once: one by one, the stream costs more than the compression. */
const batchCharacters = 64 * 1024;
/** Bytes of a hash and of base64 do not compress further: the quick level gives nearly what the slow ones do. */
const level = constants.Z_BEST_SPEED;

export async function writeWhole({ path, gzip, lines, signal }: WriteWholeOptions): Promise<void> {
  const beside = `${path}.partial`;
  try {
    const file = await open(beside, 'w');
    const out = file.createWriteStream({ flush: true });
    const text = Readable.from(batched(lines), { objectMode: true, highWaterMark: 1 });
    if (gzip) await pipeline(text, createGzip({ level }), out, { signal });
    else await pipeline(text, out, { signal });
    await rename(beside, path);
  } catch (caught) {
    await rm(beside, { force: true });
    if (signal.aborted)
      throw new Failure({ code: 'aborted', retryable: false, message: `writing ${path} was stopped` });
    // Anything else is a bug, or a failure of who makes the lines.
    if ((caught as NodeJS.ErrnoException).syscall === undefined) throw caught;
    throw Failure.from(caught, { code: 'io', retryable: false, message: `writing ${path}` });
  }
}

async function* batched(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let held: string[] = [];
  let characters = 0;
  for await (const line of lines) {
    held.push(line);
    characters += line.length;
    if (characters < batchCharacters) continue;
    yield held.join('');
    held = [];
    characters = 0;
  }
  if (held.length > 0) yield held.join('');
}
