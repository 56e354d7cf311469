/**
 * Files that survive a power cut: written through to the disk, and in their place whole or not at all. What the disk
 * refuses is thrown as `io`.
 */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

/** Writes the file through to the disk, for its owner alone. `flags` as `open` takes them; `w` by default. */
export function writeSynced(path: string, data: string | Uint8Array, flags: string | number = 'w'): Promise<void> {
  return onDisk(`could not write ${path}`, async () => {
    const file = await open(path, flags, 0o600);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Writes a folder's entries through to the disk: a new or renamed file is not safe before its folder is. */
export function syncFolder(folder: string): Promise<void> {
  return onDisk(`could not sync ${folder}`, async () => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Where a file's next content is written: beside it, so that one rename puts it in its place. */
export function besideOf(path: string): string {
  return `${path}.new`;
}

/** Puts what was written beside in its place, for good. */
export async function putInPlace(path: string): Promise<void> {
  await onDisk(`could not replace ${path}`, () => rename(besideOf(path), path));
  await syncFolder(dirname(path));
}

/** Beside, synced, renamed: a reader, and a start after a power cut, finds the old file or the new, never half of one. */
export async function replaceFile(path: string, data: string | Uint8Array): Promise<void> {
  await writeSynced(besideOf(path), data);
  await putInPlace(path);
}

async function onDisk(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: true, message: what });
  }
}
