/** Making what was written survive a power cut. */
import { open } from 'node:fs/promises';

/** Writes a folder's entries through to the disk: a new or renamed file is not safe before its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
