/** Reads `project.yaml`, from bytes or from an unpacked bundle's folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ProjectFile } from '../../schemas/bundle.ts';
import { textOf } from '../std/failure.ts';
import { invalid } from './invalid.ts';

export const projectFileName = 'project.yaml';
/** A thousand routes with fixed answers fit many times over; YAML is costly to parse. */
const projectFileBytesMax = 1024 * 1024;
/** Aliases expanded at most: what the library takes for safe against bombs. */
const aliasesMax = 100;

/** Throws `bundle-invalid` with the field and what is wrong with it. */
export function parseProjectFile(bytes: Uint8Array): ProjectFile {
  if (bytes.byteLength > projectFileBytesMax) {
    throw invalid(`${projectFileName} has ${bytes.byteLength} bytes, more than ${projectFileBytesMax}`);
  }
  let content: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    content = parse(text, { maxAliasCount: aliasesMax, logLevel: 'error' });
  } catch (error) {
    throw invalid(`${projectFileName} is no YAML: ${textOf(error)}`, error);
  }
  const parsed = ProjectFile.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'it' : issue.path.join('.');
  throw invalid(`${projectFileName}: ${field}: ${issue?.message ?? 'is not valid'}`, parsed.error);
}

/** Of a bundle that was unpacked and verified before; throws `bundle-invalid` when it is not there any more. */
export async function readProjectFile(folder: string): Promise<ProjectFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, projectFileName));
  } catch (error) {
    throw invalid(`${folder} has no readable ${projectFileName}: ${textOf(error)}`, error);
  }
  return parseProjectFile(bytes);
}
