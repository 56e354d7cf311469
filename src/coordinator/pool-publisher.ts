/**
 * Publishes one group's pool from the acknowledged state: entries that differ, tombstones for those gone, and behind them
 * the revision that closes them, without waiting for their acks. Whoever hears or reads a revision takes it only with
 * exactly the entries whose bytes it sums up, so one that an entry of its own is missing to is not whole yet, as before
 * the revision was there. Changes that come meanwhile gather into the next revision; there is no timer.
 *
 * One entry changed costs one message, one hash and a glance at each member. All of a pool is compared with what stands in
 * the stream when a reign begins, and whenever that is put in doubt.
 */
import { isInPool } from '../domain/membership.ts';
import type { FleetState, Group } from '../domain/state.ts';
import { balancersOf } from '../projections/balancers.ts';
import { appliedKey, type Observed } from '../projections/observed.ts';
import { type PoolMember, poolSince } from '../projections/pool.ts';
import { assert } from '../std/failure.ts';
import { digestOf } from '../wire/pool-digest.ts';
import type { FleetId, GroupId, LogId, Position, ServerId } from '../../schemas/ids.ts';
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
  /** The position of the revision that we stored and that nobody has put in doubt since; 0: look at all of it. */
  #standing = 0;
  /** What that revision sums up: each entry's hash, and their sum. Means nothing while it is in doubt. */
  readonly #hashByServer = new Map<ServerId, bigint>();
  #sum = 0n;

  constructor(options: PoolPublisherOptions) {
    this.#options = options;
  }

  /** What stands there may be somebody else's. */
  doubt(): void {
    this.#standing = 0;
  }

  /** Brings the group's published pool to the projection. Resolves when the revision is stored. One at a time. */
  async publish(): Promise<void> {
    const group = this.#options.state.groupById.get(this.#options.group);
    if (group === undefined) return this.#publishDeletion();
    // Most of what happens to a group leaves its pool as it is.
    if (group.poolChangedAt === this.#standing) return;
    const since = this.#standing;
    this.#standing = group.poolChangedAt;
    try {
      await this.#publishSince(since, group);
    } catch (error) {
      this.#standing = 0;
      throw error;
    }
  }

  async #publishSince(since: Position, group: Group): Promise<void> {
    const { fleet, state, observed, pools, term } = this.#options;
    const log = state.log as LogId;
    const position = group.poolChangedAt;
    const { size, entries } = poolSince(state, { group, position: since });
    if (since === 0) this.#forgetAll();
    const stored: (Promise<void> | undefined)[] = [];
    for (const entry of entries) stored.push(this.#putEntry(entry, log));
    // Who came is counted in by now: a size that is not the pool's says that somebody has left.
    if (since === 0 || this.#hashByServer.size !== size) stored.push(...this.#putTombstones(position));
    const revision: PoolRevision = { log, term, position, group: group.id, size, digest: digestOf(this.#sum) };
    stored.push(pools.put(subjects.poolRevision(fleet, group.id), revision));
    await Promise.all(stored);
    observed.publishedPoolByGroup.set(group.id, position);
  }

  /**
   * A group is deleted only when it is empty, so its last revision was the empty pool; that it is no more is said in its
   * place. Silence would leave its frontend with every balancer, and its servers with one that was away meanwhile.
   */
  async #publishDeletion(): Promise<void> {
    this.#standing = 0;
    const { fleet, group, state, pools, term } = this.#options;
    const subject = subjects.poolRevision(fleet, group);
    const last = pools.get(subject)?.value;
    if (last === undefined || (last['deleted'] === true && last.log === state.log)) return;
    await Promise.all(this.#putTombstones(state.position));
    const head = { log: state.log as LogId, term, position: state.position, group };
    const closing: PoolRevision = { ...head, size: 0, digest: digestOf(0n), deleted: true };
    await pools.put(subject, closing);
  }

  /** Removes what says that the group is no more, once nobody is left to hear it. */
  async #purgeDeletion(): Promise<void> {
    const { fleet, group, state, observed, pools } = this.#options;
    const subject = subjects.poolRevision(fleet, group);
    const last = pools.get(subject);
    if (last?.value['deleted'] !== true) return;
    const { position } = last.value;
    const passed = [...state.balancerById.values()].every(({ id, groups, lostAt }) => {
      // The log does not name the groups it had: one that is away may have had this one.
      if (lostAt !== null) return false;
      const applied = observed.appliedByKey.get(appliedKey(id, group))?.applied;
      if (applied === undefined) return groups !== 'all';
      return applied.log === state.log && applied.position >= position;
    });
    if (!passed) return;
    for (const [entry, seen] of this.#published()) await this.#clear(entry, seen);
    await this.#clear(subject, last);
  }

  /** Removes tombstones that every balancer of the group has passed. */
  async purgeTombstones(): Promise<void> {
    const { group, state, observed } = this.#options;
    if (!state.groupById.has(group)) return this.#purgeDeletion();
    if (balancersOf(state, group).length === 0) return;
    for (const [subject, seen] of this.#published()) {
      const { value } = seen;
      if (value['admin'] !== 'gone') continue;
      const passed = balancersOf(state, group).every((balancer) => {
        const applied = observed.appliedByKey.get(appliedKey(balancer, group))?.applied;
        return applied !== undefined && applied.log === state.log && applied.position >= value.position;
      });
      if (passed) await this.#clear(subject, seen);
    }
  }

  /** Publishing goes on while others are removed: what was put there meanwhile stands, and nobody has passed it. */
  async #clear(subject: string, seen: LastValue): Promise<void> {
    const { pools } = this.#options;
    if (pools.get(subject) === seen) await pools.clear(subject);
  }

  #putEntry({ server, address, weight, admin, position }: PoolMember, log: LogId): Promise<void> | undefined {
    const { fleet, group, pools, term } = this.#options;
    const subject = subjects.poolEntry(fleet, group, server);
    const entry: PoolEntry = { log, term, position, group, server, address, weight, admin };
    const stored = standsThere(pools.get(subject)?.value, entry) ? undefined : pools.put(subject, entry);
    const hash = pools.upcomingHash(subject);
    assert(hash !== undefined, 'an entry is put before it is summed up');
    this.#sum += hash - (this.#hashByServer.get(server) ?? 0n);
    this.#hashByServer.set(server, hash);
    return stored;
  }

  /** For whatever stands there and is no entry of the pool. */
  *#putTombstones(position: Position): Generator<Promise<void> | undefined> {
    const { pools, term } = this.#options;
    for (const [subject, { value }] of this.#published()) {
      const server = subject.slice(subject.lastIndexOf('.') + 1) as ServerId;
      if (this.#isEntry(server)) continue;
      this.#forget(server);
      if (value['admin'] === 'gone') continue;
      if (isStrange(value)) {
        yield pools.clear(subject);
        continue;
      }
      const gone: PoolEntry = { ...(value as unknown as PoolEntry), term, position, admin: 'gone' };
      yield pools.put(subject, gone);
    }
  }

  #isEntry(server: ServerId): boolean {
    const { group, state } = this.#options;
    const member = state.serverById.get(server)?.member ?? null;
    return member !== null && member.group === group && isInPool(member);
  }

  #forget(server: ServerId): void {
    this.#sum -= this.#hashByServer.get(server) ?? 0n;
    this.#hashByServer.delete(server);
  }

  #forgetAll(): void {
    this.#sum = 0n;
    this.#hashByServer.clear();
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
