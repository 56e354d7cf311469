/**
 * The disk of one machine, which outlives its processes. A write takes its time; one that was under way when its process
 * died is there or is not, never half of it.
 */
import { createHash } from 'node:crypto';
import type { ProjectFile } from '../../../schemas/bundle.ts';
import type { Digest, GroupId } from '../../../schemas/ids.ts';
import type { AgentDisk } from '../../../src/agent/agent-disk.ts';
import { type Holdings, nothing } from '../../../src/agent/holdings.ts';
import { type HighMark, highMark, type Mark } from '../../../src/eventlog/high-mark.ts';
import type { DiskPool, PoolDisk } from '../../../src/pool-sync/pool-disk.ts';
import { Failure } from '../../../src/std/failure.ts';
import type { SimProcess } from './process.ts';

/** An fsync on a disk of today, and on a busy one. */
const writeMs = { least: 0.5, most: 12 } as const;

export class SimDisk {
  mark: Mark | undefined;
  holdings: Holdings = nothing;
  readonly bundles = new Set<Digest>();
  readonly poolByGroup = new Map<GroupId, DiskPool>();

  wipe(): void {
    this.mark = undefined;
    this.holdings = nothing;
    this.bundles.clear();
    this.poolByGroup.clear();
  }

  highMarkFor(process: SimProcess): HighMark {
    return highMark(this.mark, (mark) => this.#write(process, () => (this.mark = mark)));
  }

  poolsFor(process: SimProcess): PoolDisk {
    return {
      load: async () => [...this.poolByGroup.values()],
      save: (pool) => this.#write(process, () => this.poolByGroup.set(pool.group, pool)),
      remove: (group) => this.#write(process, () => this.poolByGroup.delete(group)),
    };
  }

  agentDiskFor(process: SimProcess): AgentDisk {
    let value = this.holdings;
    let writing: Promise<void> = Promise.resolve();
    const { bundles } = this;
    return {
      holdings: {
        get value() {
          return value;
        },
        update: (changes) => {
          value = { ...value, ...changes };
          // Whatever was changed by the time a write begins goes with it.
          writing = writing.then(() => {
            const now = value;
            return this.#write(process, () => (this.holdings = now));
          });
          return writing;
        },
      },
      bundles: {
        find: async (digest) => (bundles.has(digest) ? bundleOf(digest) : undefined),
        add: async (digest, bytes) => {
          if (digestOf(bytes) !== digest) {
            throw new Failure({ code: 'bundle-invalid', retryable: false, message: `the bytes are not ${digest}` });
          }
          await this.#write(process, () => bundles.add(digest));
          return bundleOf(digest);
        },
        keepOnly: async (digests) => {
          for (const digest of bundles) if (!digests.has(digest)) bundles.delete(digest);
        },
      },
    };
  }

  #write(process: SimProcess, put: () => void): Promise<void> {
    return new Promise((resolve) => {
      const reachesDisk = process.chance.happens(0.5);
      const forget = process.onDeath(() => {
        if (reachesDisk) put();
      });
      process.clock.after(process.chance.between(writeMs.least, writeMs.most), () => {
        forget();
        put();
        resolve();
      });
    });
  }
}

/** In this world a bundle is the name of its project and its version, and its digest is true. */
export function bundleBytes(project: string, version: string): Uint8Array {
  return Buffer.from(`${project}@${version}`);
}

export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

const nameByDigest = new Map<Digest, string>();

/** What each digest is of, so that a disk need not keep the bytes. */
export function remember(project: string, version: string): { digest: Digest; bytes: Uint8Array } {
  const bytes = bundleBytes(project, version);
  const digest = digestOf(bytes);
  nameByDigest.set(digest, project);
  return { digest, bytes };
}

function bundleOf(digest: Digest): { folder: string; file: ProjectFile } {
  return {
    folder: `/bundles/${digest}`,
    file: { name: nameByDigest.get(digest), routes: [] } as unknown as ProjectFile,
  };
}
