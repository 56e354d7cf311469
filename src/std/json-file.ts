/** A small JSON file that is never half-written: beside, synced, renamed. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { replaceFile } from './durable-file.ts';
import { Failure, textOf } from './failure.ts';

/** What the file holds, parsed; undefined where there is none. Throws `io` for one that does not fit. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw Failure.from(error, { code: 'io', retryable: true, message: `cannot read ${path}` });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path} is not what was written there: ${textOf(error)}`;
    throw new Failure({ code: 'io', retryable: false, message, cause: error });
  }
}

/** Replaces the file and its folder's entry durably. Throws `io`. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: true, message: `could not make the folder of ${path}` });
  }
  await replaceFile(path, `${JSON.stringify(value, null, 1)}\n`);
}
