/**
 * Publishes one group's pool from the acknowledged state: entries that differ, tombstones for those gone, and behind them
 * the revision that closes them, without waiting for their acks. Whoever hears or reads a revision takes it only with
 * exactly the entries whose bytes it sums up, so one that an entry of its own is missing to is not whole yet, as before
 * the revision was there. Changes that come meanwhile gather into the next revision; there is no timer. One entry changed
 * costs one message and one hash, however large the group.
 */
import type { FleetState } from '../domain/state.ts';
import { balancersOf } from '../projections/balancers.ts';
import { appliedKey, type Observed } from '../projections/observed.ts';
import { type Pool, poolOf } from '../projections/pool.ts';
import { assert } from '../std/failure.ts';
import { sumOfHashes } from '../wire/pool-digest.ts';
import type { FleetId, GroupId, LogId } from '../../schemas/ids.ts';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LastValue, LastValues } from './last-values.ts';
import { isStrange } from './stored-value.ts';

export interface PoolPublisherOptions {
  readonly fleet: FleetId;
  readonly group: GroupId;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly pools: LastValues;
  readonly term: number;
}

export class PoolPublisher {
  readonly #options: PoolPublisherOptions;
  /** The position of the revision that we stored and that nobody has put in doubt since; undefined: look at all of it. */
  #standing: number | undefined;

  constructor(options: PoolPublisherOptions) {
    this.#options = options;
  }

  /** What stands there may be somebody else's. */
  doubt(): void {
    this.#standing = undefined;
  }

  /** Brings the group's published pool to the projection. Resolves when the revision is stored. One at a time. */
  async publish(): Promise<void> {
    const { fleet, group, state, term } = this.#options;
    const changedAt = state.groupById.get(group)?.poolChangedAt;
    // Most of what happens to a group leaves its pool as it is, and looking costs as much as the group is large.
    if (changedAt !== undefined && changedAt === this.#standing) return;
    const pool = poolOf(state, group);
    if (pool === null) return this.#publishDeletion();
    const log = state.log as LogId;
    const wanted = new Map<string, PoolEntry>();
    for (const { server, address, weight, admin, position } of pool.entries) {
      const subject = subjects.poolEntry(fleet, group, server);
      wanted.set(subject, { log, term, position, group, server, address, weight, admin });
    }
    this.#standing = pool.position;
    try {
      await this.#publishWhole(pool, wanted);
    } catch (error) {
      this.#standing = undefined;
      throw error;
    }
  }

  async #publishWhole({ position }: Pool, wanted: ReadonlyMap<string, PoolEntry>): Promise<void> {
    const { fleet, group, state, observed, pools, term } = this.#options;
    const log = state.log as LogId;
    const entries = [...this.#putEntries(wanted), ...this.#putTombstones(wanted, position)];
    const digest = sumOfHashes([...wanted.keys()].map((subject) => this.#hashOf(subject)));
    const revision: PoolRevision = { log, term, position, group, size: wanted.size, digest };
    await Promise.all([...entries, pools.put(subjects.poolRevision(fleet, group), revision)]);
    observed.publishedPoolByGroup.set(group, position);
  }

  /**
   * A group is deleted only when it is empty, so its last revision was the empty pool; that it is no more is said in its
   * place. Silence would leave its frontend with every balancer, and its servers with one that was away meanwhile.
   */
  async #publishDeletion(): Promise<void> {
    this.#standing = undefined;
    const { fleet, group, state, pools, term } = this.#options;
    const subject = subjects.poolRevision(fleet, group);
    const last = pools.get(subject)?.value;
    if (last === undefined || (last['deleted'] === true && last.log === state.log)) return;
    await Promise.all(this.#putTombstones(new Map(), state.position));
    const head = { log: state.log as LogId, term, position: state.position, group };
    const closing: PoolRevision = { ...head, size: 0, digest: sumOfHashes([]), deleted: true };
    await pools.put(subject, closing);
  }

  /** Removes what says that the group is no more, once nobody is left to hear it. */
  async #purgeDeletion(): Promise<void> {
    const { fleet, group, state, observed, pools } = this.#options;
    const subject = subjects.poolRevision(fleet, group);
    const closing = pools.get(subject)?.value;
    if (closing?.['deleted'] !== true) return;
    const passed = [...state.balancerById.values()].every(({ id, groups, lostAt }) => {
      // The log does not name the groups it had: one that is away may have had this one.
      if (lostAt !== null) return false;
      const applied = observed.appliedByKey.get(appliedKey(id, group))?.applied;
      if (applied === undefined) return groups !== 'all';
      return applied.log === state.log && applied.position >= closing.position;
    });
    if (!passed) return;
    for (const [entry] of this.#published()) await pools.clear(entry);
    await pools.clear(subject);
  }

  /** Removes tombstones that every balancer of the group has passed. */
  async purgeTombstones(): Promise<void> {
    const { group, state, observed, pools } = this.#options;
    if (!state.groupById.has(group)) return this.#purgeDeletion();
    if (balancersOf(state, group).length === 0) return;
    for (const [subject, { value }] of this.#published()) {
      if (value['admin'] !== 'gone') continue;
      const passed = balancersOf(state, group).every((balancer) => {
        const applied = observed.appliedByKey.get(appliedKey(balancer, group))?.applied;
        return applied !== undefined && applied.log === state.log && applied.position >= value.position;
      });
      if (passed) await pools.clear(subject);
    }
  }

  #hashOf(subject: string): bigint {
    const hash = this.#options.pools.upcomingHash(subject);
    assert(hash !== undefined, 'an entry is put before it is summed up');
    return hash;
  }

  *#putEntries(wanted: ReadonlyMap<string, PoolEntry>): Generator<Promise<void> | undefined> {
    const { pools } = this.#options;
    for (const [subject, entry] of wanted) {
      if (!standsThere(pools.get(subject)?.value, entry)) yield pools.put(subject, entry);
    }
  }

  *#putTombstones(wanted: ReadonlyMap<string, PoolEntry>, position: number): Generator<Promise<void> | undefined> {
    const { pools, term } = this.#options;
    for (const [subject, { value }] of this.#published()) {
      if (wanted.has(subject) || value['admin'] === 'gone') continue;
      if (isStrange(value)) {
        yield pools.clear(subject);
        continue;
      }
      const gone: PoolEntry = { ...(value as unknown as PoolEntry), term, position, admin: 'gone' };
      yield pools.put(subject, gone);
    }
  }

  #published(): [string, LastValue][] {
    const { fleet, group, pools } = this.#options;
    return pools.under(subjects.poolEntriesOf(fleet, group));
  }
}

/** By its fields, which costs a tenth of comparing its encoding. The term does not matter. */
function standsThere(value: LastValue['value'] | undefined, entry: PoolEntry): boolean {
  if (value === undefined || value.position !== entry.position || value.log !== entry.log) return false;
  const there = value as unknown as PoolEntry;
  return (
    there.admin === entry.admin &&
    there.weight === entry.weight &&
    there.address.host === entry.address.host &&
    there.address.port === entry.address.port
  );
}
