/**
 * A stream as its servers keep it on disk, on each of them: what a restored backup or a bad disk changes while they are
 * stopped. In a cluster the servers' own log of the stream belongs to it, or they would bring back what went.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus } from '../../src/nats/bus.ts';
import type { NatsServer } from './nats-server.ts';

export class StreamFiles {
  readonly #stores: readonly string[];
  /** Within a store: the stream's own folder first. */
  readonly #folders: readonly string[];

  private constructor(stores: readonly string[], folders: readonly string[]) {
    this.#stores = stores;
    this.#folders = folders;
  }

  /** Asks where they are, so while the servers run. */
  static async of(nats: NatsServer, bus: Bus, stream: string): Promise<StreamFiles> {
    const asked = { subject: `$JS.API.STREAM.INFO.${stream}`, data: new Uint8Array(0), timeoutMs: 5_000 };
    const { cluster } = JSON.parse(Buffer.from((await bus.request(asked)).data).toString()) as {
      cluster?: { raft_group?: string };
    };
    const group = cluster?.raft_group;
    return new StreamFiles(nats.storeDirs, [
      join('jetstream', '$G', 'streams', stream),
      ...(group === undefined ? [] : [join('jetstream', '$SYS', '_js_', group)]),
    ]);
  }

  copyTo(copy: string): void {
    this.#each((store, folder, index) =>
      cpSync(join(store, folder), join(copy, `${index}`, folder), { recursive: true }),
    );
  }

  /** As they were when they were copied. */
  setBackTo(copy: string): void {
    this.#each((store, folder, index) => {
      rmSync(join(store, folder), { recursive: true });
      cpSync(join(copy, `${index}`, folder), join(store, folder), { recursive: true });
    });
  }

  /** Changes one letter where this text stands first, in every copy of the stream. */
  flipBit(text: string): void {
    for (const store of this.#stores) flipBitIn(join(store, this.#folders[0] ?? '', 'msgs'), text);
  }

  #each(work: (store: string, folder: string, index: number) => void): void {
    for (const [index, store] of this.#stores.entries()) for (const folder of this.#folders) work(store, folder, index);
  }
}

function flipBitIn(blocks: string, text: string): void {
  for (const name of readdirSync(blocks).filter((file) => file.endsWith('.blk'))) {
    const bytes = readFileSync(join(blocks, name));
    const at = bytes.indexOf(text);
    if (at < 0) continue;
    bytes[at] = (bytes[at] as number) ^ 1;
    return writeFileSync(join(blocks, name), bytes);
  }
  throw new Error(`no block in ${blocks} holds ${text}`);
}
