/**
 * Packs a folder into a bundle: a plain tar, its manifest first, then every regular file sorted by path.
 *
 * Promises: the same files give the same bytes and so the same digest, on any machine: no times, owners or modes
 * (every file is 0644), names in Unicode normal form C, an order no locale changes. What a bundle cannot carry is
 * refused with `bundle-invalid`, never dropped; what is left out is named in `leftOut`: version control's own
 * `.git`, and folders without a file. Other dot files belong to the bundle.
 * Must not know where bundles go.
 */
import { createHash } from 'node:crypto';
import { type Pack, pack } from 'tar-stream';
import { type BundleManifest, manifestPath, type ProjectFile } from '../../schemas/bundle.ts';
import { bundleBytesMax } from '../../schemas/commands.ts';
import type { Digest } from '../../schemas/ids.ts';
import { type FoundFile, listFolder } from './folder.ts';
import { invalid, quoted } from './invalid.ts';
import { comparePaths, findCollision, pathProblem } from './paths.ts';
import { parseProjectFile, projectFileName } from './project-file.ts';
import { filesOfTar } from './tar-files.ts';

export interface PackedBundle {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly manifest: BundleManifest;
  readonly project: ProjectFile;
  /** What stands in the folder and not in the bundle. */
  readonly leftOut: readonly string[];
}

/** Throws `bundle-invalid` with the path and the reason; `io` when the folder cannot be read. */
export async function packFolder(folder: string): Promise<PackedBundle> {
  return packFiles(folder, await listFolder(folder));
}

/** The same of a folder that came as a tar. Throws also whatever `chunks` throws. */
export async function packTar(chunks: AsyncIterable<Uint8Array>): Promise<PackedBundle> {
  return packFiles('the tar', await filesOfTar(chunks));
}

interface Found {
  readonly files: readonly FoundFile[];
  readonly leftOut: readonly string[];
}

/** `folder`: what it is called when it is refused. */
async function packFiles(folder: string, { files, leftOut }: Found): Promise<PackedBundle> {
  for (const { path } of files) {
    const problem = pathProblem(path);
    if (problem !== undefined) throw invalid(`${quoted(path)} ${problem}`);
  }
  const collision = findCollision(files.map(({ path }) => path));
  if (collision !== undefined) {
    const { first, second } = collision;
    throw invalid(`${quoted(first)} and ${quoted(second)} would be one name on some file systems`);
  }
  const projectBytes = files.find(({ path }) => path === projectFileName)?.bytes;
  if (projectBytes === undefined)
    throw invalid(`${folder} holds no ${projectFileName}: it is what makes a folder a project`);
  const project = parseProjectFile(projectBytes);
  const sorted = [...files].sort((a, b) => comparePaths(a.path, b.path));
  const manifest: BundleManifest = {
    format: 1,
    project: project.name,
    files: sorted.map(({ path, bytes }) => ({ path, bytes: bytes.byteLength })),
    bytes: sorted.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  };
  const bytes = await writeTar(manifest, sorted);
  if (bytes.byteLength > bundleBytesMax) {
    throw invalid(`the bundle of ${folder} has ${bytes.byteLength} bytes, more than ${bundleBytesMax}`);
  }
  return { bytes, digest: digestOf(bytes), manifest, project, leftOut };
}

/** The name of these bytes: SHA-256 in hex. */
export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

async function writeTar(manifest: BundleManifest, files: readonly FoundFile[]): Promise<Uint8Array> {
  const tar = pack();
  addEntry(tar, manifestPath, Buffer.from(`${JSON.stringify(manifest)}\n`));
  for (const { path, bytes } of files) addEntry(tar, path, bytes);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function addEntry(tar: Pack, name: string, bytes: Buffer): void {
  const header = {
    name,
    size: bytes.byteLength,
    type: 'file',
    mode: 0o644,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
  } as const;
  tar.entry(header, bytes);
}
