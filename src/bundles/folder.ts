/** Reads a folder whole, regular files only, with paths as they will stand in the bundle. */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFilesMax, manifestPath } from '../../schemas/bundle.ts';
import { bundleBytesMax } from '../../schemas/commands.ts';
import { Failure } from '../std/failure.ts';
import { invalid, quoted } from './invalid.ts';
import { bundleDepthMax } from './paths.ts';

export interface FoundFile {
  /** Relative, divided by `/`, in Unicode normal form C. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** Version control's own folder (or file, in a work tree) changes with every commit: it is no part of a project. */
export const versionControl = '.git';

export async function listFolder(folder: string): Promise<{ files: FoundFile[]; leftOut: string[] }> {
  const walk: Walk = { root: folder, found: [], files: [], leftOut: [], bytes: 0 };
  try {
    // Counted before anything is read: a folder that is no project by mistake is refused at once.
    await visit(walk, []);
    for (const { path, file } of walk.found) await take(walk, path, file);
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: true, message: `could not read the folder ${folder}` });
  }
  return { files: walk.files, leftOut: walk.leftOut };
}

interface Walk {
  readonly root: string;
  readonly found: { readonly path: string; readonly file: string }[];
  readonly files: FoundFile[];
  readonly leftOut: string[];
  bytes: number;
}

async function visit(walk: Walk, names: readonly string[]): Promise<void> {
  if (names.length > bundleDepthMax)
    throw invalid(`${quoted(names.join('/'))} is deeper than ${bundleDepthMax} folders`);
  const entries = await readdir(join(walk.root, ...names), { withFileTypes: true });
  for (const entry of entries) {
    const inside = [...names, entry.name];
    const path = inside.join('/').normalize('NFC');
    if (entry.name === versionControl) walk.leftOut.push(path);
    else if (path === manifestPath)
      throw invalid(`${manifestPath} is written by packing and may not stand in the folder`);
    else if (entry.isDirectory()) await visit(walk, inside);
    else if (entry.isFile()) walk.found.push({ path, file: join(walk.root, ...inside) });
    else throw invalid(`${quoted(path)} is a link, device, pipe or socket: a bundle holds regular files only`);
  }
  if (walk.found.length > bundleFilesMax) throw invalid(`${walk.root} holds more than ${bundleFilesMax} files`);
  if (entries.length === 0 && names.length > 0) walk.leftOut.push(names.join('/').normalize('NFC'));
}

async function take(walk: Walk, path: string, file: string): Promise<void> {
  // Not followed: a file may have become a link since it was listed.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw invalid(`${quoted(path)} is no regular file`);
    if (walk.bytes + status.size > bundleBytesMax) {
      throw invalid(`${walk.root} holds more than ${bundleBytesMax} bytes, at ${quoted(path)}`);
    }
    const bytes = await handle.readFile();
    walk.bytes += bytes.byteLength;
    walk.files.push({ path, bytes });
  } finally {
    await handle.close();
  }
}
