/** A bundle's manifest, read from bytes that may be hostile. */
import { BundleManifest } from '../../schemas/bundle.ts';
import { textOf } from '../std/failure.ts';
import { invalid, quoted } from './invalid.ts';
import { comparePaths, findCollision, pathProblem } from './paths.ts';

/** 4,096 files at 512 characters of path each, and the JSON around them. */
export const manifestBytesMax = 4 * 1024 * 1024;

/** Throws `bundle-invalid`. What it returns is sorted, without repeats or collisions, its sum right, its paths safe. */
export function parseManifest(bytes: Uint8Array): BundleManifest {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(`the manifest is no JSON: ${textOf(error)}`, error);
  }
  const parsed = BundleManifest.safeParse(content);
  if (!parsed.success)
    throw invalid(`the manifest is not valid: ${parsed.error.issues[0]?.message ?? ''}`, parsed.error);
  const { files, bytes: declared } = parsed.data;
  let sum = 0;
  let before = '';
  for (const { path, bytes: size } of files) {
    const problem = pathProblem(path);
    if (problem !== undefined) throw invalid(`${quoted(path)} ${problem}`);
    if (before !== '' && comparePaths(before, path) >= 0)
      throw invalid(`the manifest repeats or misplaces ${quoted(path)}`);
    before = path;
    sum += size;
  }
  if (sum !== declared) throw invalid(`the manifest's files have ${sum} bytes together, not ${declared}`);
  const collision = findCollision(files.map(({ path }) => path));
  if (collision === undefined) return parsed.data;
  throw invalid(`${quoted(collision.first)} and ${quoted(collision.second)} would be one name on some file systems`);
}
