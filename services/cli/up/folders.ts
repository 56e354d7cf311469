/** Where `muster up` keeps what: everything below one folder, so that removing it removes the fleet. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Folders {
  /** Absolute; it also marks our processes' command lines. */
  readonly root: string;
  readonly nats: string;
  readonly run: string;
  readonly log: string;
  readonly data: string;
}

export function openFolders(base: string): Folders {
  const root = resolve(base, '.muster');
  const folders = {
    root,
    nats: join(root, 'nats'),
    run: join(root, 'run'),
    log: join(root, 'log'),
    data: join(root, 'data'),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folders;
}
