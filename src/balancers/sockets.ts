/** Where a balancer's local sockets stand. A unix socket's path is bounded, and HAProxy adds a suffix while it binds. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux takes 107 bytes, macOS 103; HAProxy appends up to 20 of its own. */
const folderBytesMax = 70;

/** The folder for the sockets of the balancer that lives in `dataDirectory`: the same one after every start. */
export async function socketFolder(dataDirectory: string): Promise<string> {
  const short = Buffer.byteLength(dataDirectory) <= folderBytesMax;
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  const folder = short ? dataDirectory : join(tmpdir(), `muster-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}
