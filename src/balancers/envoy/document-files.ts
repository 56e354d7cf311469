/** The files Envoy watches: it takes one when another is moved into its place, and never sees a half. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../std/durable-file.ts';
import type { Document } from './config-file.ts';
import type { Documents } from './documents.ts';

export class DocumentFiles implements Documents {
  readonly #directory: string;

  constructor({ directory }: { readonly directory: string }) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** Moves the text into the file's place, keeping the one before as `<path>.last`. */
  async give({ name, text }: Document): Promise<void> {
    const path = this.#pathOf(name);
    const before = await readFile(path, 'utf8').catch(() => undefined);
    if (before !== undefined && before !== text) await replaceFile(`${path}.last`, before);
    await replaceFile(path, text);
  }

  /** What Envoy took from a file is still in it. */
  keep(): void {}

  async takeBack({ name }: Document): Promise<void> {
    const path = this.#pathOf(name);
    const before = await readFile(`${path}.last`, 'utf8').catch(() => undefined);
    if (before === undefined) await rm(path, { force: true });
    else await replaceFile(path, before);
  }

  async forget(name: string): Promise<void> {
    const path = this.#pathOf(name);
    await Promise.all([path, `${path}.last`].map((one) => rm(one, { force: true })));
  }

  /** A file has no way back; Envoy's log tells. */
  refusalOf(): undefined {
    return undefined;
  }

  async close(): Promise<void> {}

  #pathOf(name: string): string {
    return documentPath(this.#directory, name);
  }
}

export function documentPath(directory: string, name: string): string {
  return join(directory, `${name}.json`);
}
