/**
 * Publishes one group's pool from the acknowledged state: entries that differ, tombstones for those gone, then, only
 * when all of them are stored, the revision that closes them. Changes that come meanwhile gather into the next
 * revision; there is no timer.
 */
import { balancersOf } from '../projections/balancers.ts';
import { appliedKey } from '../projections/observed.ts';
import type { Observed } from '../projections/observed.ts';
import { poolOf } from '../projections/pool.ts';
import type { FleetState } from '../domain/state.ts';
import { addDigests } from '../wire/pool-digest.ts';
import type { FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LastValue, LastValues } from './last-values.ts';

export interface PoolPublisherOptions {
  readonly fleet: FleetId;
  readonly state: FleetState;
  readonly observed: Observed;
  readonly pools: LastValues;
  readonly term: number;
}

/** Brings the group's published pool to the projection. Resolves when the revision is stored. */
export async function publishPool(group: GroupId, options: PoolPublisherOptions): Promise<void> {
  const { fleet, state, observed, pools, term } = options;
  const log = state.log as LogId;
  const pool = poolOf(state, group);
  // A group is deleted only when it is empty, so its last revision was the empty pool.
  if (pool === null) return pools.clear(subjects.poolRevision(fleet, group));
  const wanted = new Set<string>();
  const writes: (Promise<void> | undefined)[] = [];
  for (const { server, address, weight, admin, position } of pool.entries) {
    const subject = subjects.poolEntry(fleet, group, server);
    wanted.add(subject);
    const entry: PoolEntry = { log, term, position, group, server, address, weight, admin };
    writes.push(pools.put(subject, entry));
  }
  for (const [subject, { value }] of published(options, group)) {
    if (wanted.has(subject) || value['admin'] === 'gone') continue;
    const entry = value as unknown as PoolEntry;
    const gone: PoolEntry = { ...entry, term, position: pool.position, admin: 'gone' };
    writes.push(pools.put(subject, gone));
  }
  await Promise.all(writes);
  const stored = [...wanted].map((subject) => pools.get(subject) as LastValue);
  const revision: PoolRevision = {
    log,
    term,
    position: pool.position,
    group,
    size: stored.length,
    digest: addDigests(stored.map((value) => value.data)),
  };
  await pools.put(subjects.poolRevision(fleet, group), revision);
  observed.publishedPoolByGroup.set(group, pool.position);
}

/** Removes tombstones that every balancer of the group has passed. */
export async function purgeTombstones(group: GroupId, options: PoolPublisherOptions): Promise<void> {
  const { state, observed, pools } = options;
  for (const [subject, { value }] of published(options, group)) {
    if (value['admin'] !== 'gone') continue;
    const passed = balancersOf(state, group).every((balancer) => {
      const applied = observed.appliedByKey.get(appliedKey(balancer, group))?.applied;
      return applied !== undefined && applied.log === state.log && applied.position >= value.position;
    });
    if (passed) await pools.clear(subject);
  }
}

function published({ fleet, pools }: PoolPublisherOptions, group: GroupId): [string, LastValue][] {
  const prefix = subjects.poolEntry(fleet, group, '' as ServerId);
  return pools.under(prefix);
}
