/** The pool a balancer begins with: the one on disk, or the newer one of the same log that stands in NATS whole. */
import { compareStamps } from '../../schemas/ids.ts';
import { desiredPool, wholeness } from './held-pool.ts';
import type { DiskPool, PoolDisk } from './pool-disk.ts';
import { type PoolPlace, readPool } from './read-pool.ts';

export interface NewestPoolOptions {
  readonly place: PoolPlace;
  readonly pool: DiskPool;
  readonly disk: PoolDisk;
  readonly signal: AbortSignal;
}

/** Anything else than a newer whole pool is left to the sync of its group, which says what is wrong with it. */
export async function newestPool({ place, pool, disk, signal }: NewestPoolOptions): Promise<DiskPool> {
  const { entries, revision } = await readPool(place, pool.group, signal);
  if (revision === undefined || revision.log !== pool.log || compareStamps(revision, pool) <= 0) return pool;
  if (wholeness(entries, revision).status !== 'whole') return pool;
  // The sync takes out what is no more; nobody of it gets a request meanwhile.
  if (revision.deleted === true) return { ...pool, servers: [] };
  const { log, term, position } = revision;
  const newer = { log, term, position, ...desiredPool(pool.group, entries) };
  const newest: DiskPool = { ...newer, servers: [...newer.servers] };
  await disk.save(newest);
  return newest;
}
