/**
 * The highest point of the log this machine has seen, in a small file outside NATS. A log that went back, by a lost
 * disk or a restored copy, is whole in itself: only what was kept elsewhere can tell.
 *
 * Promises: the file is replaced as a whole or not at all, and never goes back within a term. Duties of the caller: `check` before
 * the first decision; `raise` now and then, not at every record (each costs two fsyncs).
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LogId, Position, Term } from '../../schemas/ids.ts';
import { replaceFile } from '../std/durable-file.ts';
import { Failure, textOf } from '../std/failure.ts';
import type { ChainCursor } from './chain.ts';
import type { LogPort, StoredRecord } from './log-port.ts';
import { decodeRecord, recordHash } from './record-codec.ts';

const Mark = z.object({
  format: z.literal(1),
  log: LogId,
  term: Term,
  position: Position,
  sequence: z.int().min(1),
  /** SHA-256 of that record's bytes, hex. */
  hash: z.string(),
});
export type Mark = z.infer<typeof Mark>;

/** From which position a log that had gone back was made to go on, and in which term. */
export interface Recovered {
  readonly term: Term;
  readonly at: Position;
}

export interface HighMark {
  /** Undefined: nothing seen yet. */
  readonly mark: Mark | undefined;
  /**
   * Throws `log-regressed` when the log ends below the mark, or holds another record there; unless the log says that a
   * person had it go on from before that.
   */
  check(port: LogPort, timeoutMs: number, recovered?: Recovered | null): Promise<void>;
  /** Keeps the cursor if it is higher than what is kept, by term first. One write at a time; throws `io`. */
  raise(cursor: ChainCursor): Promise<void>;
}

/** Reads the file; where there is none, nothing was seen. Throws `malformed` rather than forget what was. */
export async function openHighMark(path: string): Promise<HighMark> {
  return highMark(await readMark(path), (mark) => replace(path, JSON.stringify(mark)));
}

/** The same, kept by `write`, which resolves once the mark survives everything, and throws `io`. */
export function highMark(kept: Mark | undefined, write: (mark: Mark) => Promise<void>): HighMark {
  let mark = kept;
  let writing: Promise<void> = Promise.resolve();
  return {
    get mark() {
      return mark;
    },

    async check(port, timeoutMs, recovered) {
      if (mark === undefined || isGivenUp(mark, recovered)) return;
      await checkLog(mark, port, timeoutMs);
    },

    raise(cursor) {
      const raised = writing.then(async () => {
        const next = markOf(cursor);
        if (next === undefined || (mark !== undefined && !isHigher(next, mark))) return;
        await write(next);
        mark = next;
      });
      // A failed write is its caller's to hear of; the next one is tried all the same.
      writing = raised.catch(() => undefined);
      return raised;
    },
  };
}

/** Throws `log-regressed` when the log ends before the cursor, or holds another record there. */
export async function checkSeen(cursor: ChainCursor, port: LogPort, timeoutMs: number): Promise<void> {
  const mark = markOf(cursor);
  if (mark !== undefined) await checkLog(mark, port, timeoutMs);
}

function markOf({ log, term, position, sequence, hash }: ChainCursor): Mark | undefined {
  if (log === null || sequence === 0) return undefined;
  return { format: 1, log, term, position, sequence, hash: Buffer.from(hash).toString('hex') };
}

/** What was seen behind a recovery's position, and before its term, is what the recovery gave up. */
function isGivenUp({ term, position }: Mark, recovered: Recovered | null | undefined): boolean {
  return recovered != null && term < recovered.term && position > recovered.at;
}

function isHigher(a: Mark, b: Mark): boolean {
  return a.term === b.term ? a.sequence > b.sequence : a.term > b.term;
}

async function readMark(path: string): Promise<Mark | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw Failure.from(caught, { code: 'io', retryable: false, message: `reading ${path}` });
  }
  try {
    return Mark.parse(JSON.parse(text));
  } catch (caught) {
    const message = `${path} does not say how far the log was seen (${textOf(caught)}); remove it only if the log is whole`;
    throw new Failure({ code: 'malformed', retryable: false, message, cause: caught });
  }
}

async function checkLog(mark: Mark, port: LogPort, timeoutMs: number): Promise<void> {
  const seen = `position ${mark.position} (term ${mark.term}, record ${mark.sequence}, log ${mark.log}) was seen before`;
  const lastSequence = await port.lastSequence(timeoutMs);
  if (lastSequence === 0) throw regressed(`the log is empty, but ${seen}`);
  const sequence = Math.min(mark.sequence, lastSequence);
  const stored = await port.get(sequence, timeoutMs);
  if (lastSequence < mark.sequence) throw regressed(`the log ends at ${describe(sequence, stored)}, but ${seen}`);
  if (stored !== undefined && Buffer.from(recordHash(stored.data)).toString('hex') === mark.hash) return;
  throw regressed(`the log now has ${describe(sequence, stored)}, but ${seen}`);
}

function describe(sequence: number, stored: StoredRecord | undefined): string {
  if (stored === undefined) return `nothing at record ${sequence}`;
  try {
    const { first, events, term, log } = decodeRecord(stored.data);
    return `position ${first + events.length - 1} (term ${term}, record ${sequence}, log ${log})`;
  } catch (caught) {
    return `record ${sequence}, which cannot be read (${textOf(caught)})`;
  }
}

function regressed(message: string): Failure {
  return new Failure({ code: 'log-regressed', retryable: false, message });
}

async function replace(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (caught) {
    throw Failure.from(caught, { code: 'io', retryable: true, message: `writing ${path}` });
  }
}
