/** Reads who may ask from a file, YAML or JSON. A file that is wrong is no fleet for everybody: it does not start. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { Failure } from '../../src/std/failure.ts';
import { AccessConfig } from './access.ts';

export async function readAccess(path: string): Promise<AccessConfig> {
  let value: unknown;
  try {
    value = parse(await readFile(path, 'utf8'), { maxAliasCount: 0 });
  } catch (error) {
    throw Failure.from(error, { code: 'config-invalid', retryable: false, message: `reading ${path}` });
  }
  const parsed = AccessConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure({ code: 'config-invalid', retryable: false, message: `${path}: ${z.prettifyError(parsed.error)}` });
}
