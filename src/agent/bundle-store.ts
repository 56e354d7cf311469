/** Unpacked bundles on disk, one folder per digest. A folder is there whole and verified, or not at all. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ProjectFile } from '../../schemas/bundle.ts';
import type { Digest } from '../../schemas/ids.ts';
import { readProjectFile } from '../bundles/project-file.ts';
import { unpackBundle } from '../bundles/unpack.ts';
import { syncFolder } from '../std/durable-file.ts';
import { Failure } from '../std/failure.ts';

export interface StoredBundle {
  readonly folder: string;
  readonly file: ProjectFile;
}

/** Where verified bundles stand; throws as `BundleStore` says. */
export type BundleShelf = Pick<BundleStore, 'find' | 'add' | 'keepOnly'>;

/** What is being unpacked begins so; what a crash left of it is removed at the next start. */
const incomingPrefix = '.incoming-';

export class BundleStore {
  readonly #folder: string;

  constructor(dataDirectory: string) {
    // Absolute: drivers link to it from elsewhere.
    this.#folder = resolve(dataDirectory, 'bundles');
  }

  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(incomingPrefix)) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  /** The bundle, if it is here and readable. */
  async find(digest: Digest): Promise<StoredBundle | undefined> {
    const folder = join(this.#folder, digest);
    try {
      return { folder, file: await readProjectFile(folder) };
    } catch (error) {
      if (error instanceof Failure && error.code === 'bundle-invalid') return undefined;
      throw error;
    }
  }

  /** Verifies and unpacks beside, then renames into place. Throws `bundle-invalid` or `io`; then nothing is left. */
  async add(digest: Digest, bytes: Uint8Array): Promise<StoredBundle> {
    const incoming = join(this.#folder, `${incomingPrefix}${digest}`);
    const folder = join(this.#folder, digest);
    await rm(incoming, { recursive: true, force: true });
    const { project } = await unpackBundle({ bytes, digest, into: incoming });
    try {
      // A folder there that `find` could not read is damaged.
      await rm(folder, { recursive: true, force: true });
      await rename(incoming, folder);
      await syncFolder(this.#folder);
    } catch (error) {
      throw Failure.from(error, { code: 'io', retryable: true, message: `could not put ${digest} in place` });
    }
    return { folder, file: project };
  }

  /** Removes every other bundle. */
  async keepOnly(digests: ReadonlySet<Digest>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!digests.has(name as Digest)) await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}
