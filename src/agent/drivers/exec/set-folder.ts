/** The folder a command finds a set in: one entry per project, and a list that says which versions they are. */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppliedProject } from '../../driver.ts';

/** Beside the projects; no project's name begins with a dot. */
const listName = '.muster-set.json';
/** The one the gateway may still be reading, and the new one. */
const foldersKept = 2;

/** Makes a new folder inside `parent` and returns its path. Projects are links to their unpacked bundles. */
export async function makeSetFolder(parent: string, set: readonly AppliedProject[]): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const numbers = (await readdir(parent)).map(Number).filter(Number.isSafeInteger);
  const folder = join(parent, String(Math.max(0, ...numbers) + 1));
  await mkdir(folder, { mode: 0o700 });
  for (const { project, folder: bundle } of set) await symlink(bundle, join(folder, project));
  const list = set.map(({ project, version, digest }) => ({ project, version, digest }));
  await writeFile(join(folder, listName), `${JSON.stringify(list, null, 2)}\n`);
  return folder;
}

/** Removes all but the newest folders, and the one named: what is served. */
export async function removeOldSetFolders(parent: string, keep: string | undefined): Promise<void> {
  const numbers = (await readdir(parent)).map(Number).filter(Number.isSafeInteger);
  const old = numbers.sort((a, b) => b - a).slice(foldersKept);
  for (const number of old) {
    const folder = join(parent, String(number));
    if (folder !== keep) await rm(folder, { recursive: true, force: true });
  }
}
