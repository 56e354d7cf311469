/**
 * Unpacks a bundle into a folder of its own.
 *
 * Promises: nothing of a bundle is looked at before its digest is right; what is on disk afterwards is exactly what
 * the manifest says, written through to the disk; on any failure the folder is gone again. A bundle is data from
 * outside even when its digest is right, so every name and size is checked before it is used.
 * Must not know where bundles come from.
 * Its caller gives a path that does not exist yet, in a folder that is its own, and renames it into place.
 */
import { constants } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { extract, type Header } from 'tar-stream';
import { type BundleManifest, manifestPath, type ProjectFile } from '../../schemas/bundle.ts';
import { bundleBytesMax } from '../../schemas/commands.ts';
import type { Digest } from '../../schemas/ids.ts';
import { syncFolder, writeSynced } from '../std/durable-file.ts';
import { Failure } from '../std/failure.ts';
import { invalid, quoted } from './invalid.ts';
import { manifestBytesMax, parseManifest } from './manifest.ts';
import { digestOf } from './pack.ts';
import { parseProjectFile, projectFileName } from './project-file.ts';

export interface UnpackOptions {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** Created here, for its owner only; its parent must be there. */
  readonly into: string;
}

/** Throws `bundle-invalid` (also when `into` exists) or `io`; then `into` is not there. */
export async function unpackBundle(
  options: UnpackOptions,
): Promise<{ manifest: BundleManifest; project: ProjectFile }> {
  const { bytes, digest, into } = options;
  if (bytes.byteLength > bundleBytesMax) throw invalid(`the bundle has more than ${bundleBytesMax} bytes`);
  const actual = digestOf(bytes);
  if (actual !== digest) throw invalid(`the bundle's digest is ${actual}, not ${digest}`);
  try {
    await mkdir(into, { mode: 0o700 });
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: false, message: `could not create ${into}` });
  }
  try {
    return await unpackInto(into, bytes);
  } catch (error) {
    await rm(into, { recursive: true, force: true });
    throw Failure.from(error, { code: 'io', retryable: true, message: `could not unpack into ${into}` });
  }
}

async function unpackInto(
  into: string,
  bytes: Uint8Array,
): Promise<{ manifest: BundleManifest; project: ProjectFile }> {
  let manifest: BundleManifest | undefined;
  let project: ProjectFile | undefined;
  let next = 0;
  const folders = new Set<string>([into]);
  for await (const { path, content } of entriesOf(bytes)) {
    if (manifest === undefined) {
      if (path !== manifestPath) throw invalid(`the first entry is ${quoted(path)}, not ${manifestPath}`);
      manifest = parseManifest(await content(manifestBytesMax));
      continue;
    }
    // The manifest is sorted and without repeats, so following it in step finds strangers, repeats and gaps.
    const expected = manifest.files[next];
    if (expected?.path !== path) throw invalid(`the entry ${quoted(path)} is not what the manifest says comes here`);
    const data = await content(expected.bytes);
    if (data.byteLength !== expected.bytes) {
      throw invalid(`${quoted(path)} has ${data.byteLength} bytes, not the manifest's ${expected.bytes}`);
    }
    if (path === projectFileName) project = parseProjectFile(data);
    await writeThrough(join(into, path), data, folders);
    next += 1;
  }
  if (manifest === undefined) throw invalid('the bundle is empty');
  if (next !== manifest.files.length) throw invalid(`the bundle holds ${next} of ${manifest.files.length} files`);
  if (project === undefined) throw invalid(`the bundle holds no ${projectFileName}`);
  if (project.name !== manifest.project) {
    throw invalid(`${projectFileName} names ${project.name}, the manifest ${manifest.project}`);
  }
  for (const folder of folders) await syncFolder(folder);
  return { manifest, project };
}

interface BundleEntry {
  readonly path: string;
  /** The entry's bytes, at most `bytesMax` of them. */
  readonly content: (bytesMax: number) => Promise<Buffer>;
}

/** What the library iterates over: a stream of one entry's bytes. */
type Entry = AsyncIterable<unknown> & { readonly header: Header };

/** Entries one by one; throws `bundle-invalid` on anything but regular files and on a broken tar. */
async function* entriesOf(bytes: Uint8Array): AsyncGenerator<BundleEntry> {
  const tar = extract();
  tar.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const entries = tar[Symbol.asyncIterator]() as unknown as AsyncIterator<Entry>;
  try {
    for (;;) {
      const entry = await entries.next().catch((error: unknown) => {
        throw invalid('the bundle is no well-formed tar', error);
      });
      if (entry.done === true) return;
      const { name, type, linkname, pax } = entry.value.header;
      if (type !== 'file' || linkname) throw invalid(`${quoted(name)} is a ${type}: a bundle holds regular files only`);
      const strange = Object.keys(pax ?? {}).filter((key) => key !== 'path');
      if (strange.length > 0)
        throw invalid(`${quoted(name)} carries attributes beside its path: ${quoted(strange.join(', '))}`);
      yield { path: name, content: (bytesMax) => readEntry(entry.value, bytesMax) };
    }
  } finally {
    tar.destroy();
  }
}

async function readEntry(entry: Entry, bytesMax: number): Promise<Buffer> {
  const { name, size } = entry.header;
  if (size > bytesMax) throw invalid(`${quoted(name)} has more bytes than the ${bytesMax} it may have`);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of entry) chunks.push(chunk as Buffer);
  } catch (error) {
    throw invalid(`the bundle ends in the middle of ${quoted(name)}`, error);
  }
  return Buffer.concat(chunks);
}

async function writeThrough(file: string, data: Buffer, folders: Set<string>): Promise<void> {
  const folder = dirname(file);
  if (!folders.has(folder)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let at = folder; !folders.has(at); at = dirname(at)) folders.add(at);
  }
  await writeSynced(file, data, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
}
