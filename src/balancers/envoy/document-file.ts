/** The files Envoy watches: it takes one when another is moved into its place, and never sees a half. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Moves the text into the file's place, keeping the one before as `<path>.last`. */
export async function writeDocument({ path, text }: { path: string; text: string }): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== undefined && before !== text) await writeBeside(`${path}.last`, before);
  await writeBeside(path, text);
}

/** Takes back what `writeDocument` put in place. */
export async function restoreDocument({ path }: { path: string }): Promise<void> {
  const before = await readFile(`${path}.last`, 'utf8').catch(() => undefined);
  if (before === undefined) await rm(path, { force: true });
  else await writeBeside(path, before);
}

async function writeBeside(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
