/** The last good pool of each group, on disk: what a balancer serves from with the whole control plane down. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Address, GroupId, ServerId, Stamp } from '../../schemas/ids.ts';
import { Failure, textOf } from '../std/failure.ts';
import { readJson, writeJson } from '../std/json-file.ts';
import type { Logger } from '../telemetry/logger.ts';

export const DiskPool = Stamp.extend({
  group: GroupId,
  servers: z.array(
    z.object({
      server: ServerId,
      address: Address,
      weight: z.int().min(0).max(256),
      admin: z.enum(['ready', 'drain']),
    }),
  ),
});
export type DiskPool = z.infer<typeof DiskPool>;

/** Where the last good pools are kept: a port, so that a simulation can give a balancer a disk of its own. */
export interface PoolDisk {
  /** Every pool that can be read. One that cannot is told, left where it is, and counts as none. */
  load(): Promise<DiskPool[]>;
  /** Resolves once the disk holds it. Throws `io`. */
  save(pool: DiskPool): Promise<void>;
  /** The group is no more. Resolves once the disk holds nothing of it. Throws `io`. */
  remove(group: GroupId): Promise<void>;
}

/** A file a group. */
export function poolDisk(directory: string, logger: Logger): PoolDisk {
  return {
    load: () => loadPools(directory, logger),
    save: (pool) => savePool(directory, pool),
    remove: (group) => removePool(directory, group),
  };
}

const suffix = '.json';

export function savePool(directory: string, pool: DiskPool): Promise<void> {
  return writeJson(join(directory, `${pool.group}${suffix}`), pool);
}

async function removePool(directory: string, group: GroupId): Promise<void> {
  const path = join(directory, `${group}${suffix}`);
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: true, message: `could not remove ${path}` });
  }
}

async function loadPools(directory: string, logger: Logger): Promise<DiskPool[]> {
  const names = await readdir(directory).catch(() => []);
  const pools: DiskPool[] = [];
  for (const name of names.filter((file) => file.endsWith(suffix)).sort()) {
    try {
      const pool = await readJson(join(directory, name), DiskPool);
      if (pool !== undefined) pools.push(pool);
    } catch (error) {
      logger.error({ file: name, error: textOf(error) }, 'a pool on disk cannot be read');
    }
  }
  return pools;
}
