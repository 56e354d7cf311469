/**
 * What the agent knows and holds, in one file that survives everything: `applied.json` in its data directory. It is
 * written beside, synced and renamed, so that a reader finds the old or the new, never half of one.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Directive } from '../../schemas/directive.ts';
import { Digest, GroupId, LogId, Position, ProjectId, ProjectVersion, Term } from '../../schemas/ids.ts';
import { replaceFile } from '../std/durable-file.ts';
import { Failure } from '../std/failure.ts';

const HeldBundle = z.object({ project: ProjectId, version: ProjectVersion, digest: Digest });
export type HeldBundle = z.infer<typeof HeldBundle>;

export const Holdings = z.object({
  format: z.literal(1),
  /** The log the stamps below are of; null before the first. */
  log: LogId.nullable(),
  /** The log it last registered under. */
  registeredUnder: LogId.nullable(),
  /** The newest assignment taken in; null before the first under this log. */
  assignment: z.object({ term: Term, position: Position, group: GroupId.nullable() }).nullable(),
  /** The newest directive taken in and tried; it is tried again while it stands and something of it failed. */
  directive: Directive.nullable(),
  serving: z.enum(['yes', 'draining']),
  /** The good set that is served, sorted by project. */
  held: z.array(HeldBundle),
  /** The good set before it, kept on disk beside it. */
  previous: z.array(HeldBundle),
});
export type Holdings = z.infer<typeof Holdings>;

/** Before the first directive. */
export const nothing: Holdings = {
  format: 1,
  log: null,
  registeredUnder: null,
  assignment: null,
  directive: null,
  serving: 'draining',
  held: [],
  previous: [],
};
/** What is held, and kept. */
export interface HeldOnDisk {
  /** As it is, or is about to be, on disk. */
  readonly value: Holdings;
  /** Changes the value at once, and resolves when the disk holds it. Throws `io`. */
  update(changes: Partial<Holdings>): Promise<void>;
}

const fileName = 'applied.json';

export class HoldingsFile implements HeldOnDisk {
  value: Holdings;
  readonly #folder: string;
  /** The write under way and those behind it: one at a time, in order. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, value: Holdings) {
    this.#folder = folder;
    this.value = value;
  }

  /** Throws `config-invalid` where there is a file that is not ours: it is never overwritten with nothing. */
  static async open(folder: string): Promise<HoldingsFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, fileName);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return new HoldingsFile(folder, nothing);
      throw Failure.from(error, { code: 'io', retryable: false, message: `could not read ${file}` });
    }
    try {
      return new HoldingsFile(folder, Holdings.parse(JSON.parse(text)));
    } catch (error) {
      const message = `${file} is not what an agent wrote; move it away to start from nothing`;
      throw new Failure({ code: 'config-invalid', retryable: false, message, cause: error });
    }
  }

  update(changes: Partial<Holdings>): Promise<void> {
    this.value = { ...this.value, ...changes };
    const work = this.#writing.then(() => this.#write());
    // A failed write is its caller's; the next one writes everything anyway.
    this.#writing = work.catch(() => undefined);
    return work;
  }

  async #write(): Promise<void> {
    const file = join(this.#folder, fileName);
    try {
      await replaceFile(file, `${JSON.stringify(this.value, null, 2)}\n`);
    } catch (error) {
      throw Failure.from(error, { code: 'io', retryable: true, message: `could not write ${file}` });
    }
  }
}
