/**
 * The second shell: drives one balancer to the pools of its groups.
 *
 * Promises: what is on disk is asserted to the balancer, unless NATS has something newer at once, so it serves with the
 * whole control plane down; with nothing on disk it takes no traffic and says why. Must not know: domain, projections.
 * Duties of the caller: `openBus` keeps trying until its signal fires; one PoolSync a disk; `stop` at the end.
 */
import type { BalancerId, FleetId, GroupId, LogId } from '../../schemas/ids.ts';
import { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import { isRevisionSubject, subjects } from '../../schemas/subjects.ts';
import type { Balancer } from '../balancers/balancer.ts';
import type { Bus, BusMessage } from '../nats/bus.ts';
import { streamNames } from '../nats/stream-definitions.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause, within } from '../std/deadline.ts';
import { textOf } from '../std/failure.ts';
import { Lifecycle } from '../std/lifecycle.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage } from '../wire/message.ts';
import { GroupSync } from './group-sync.ts';
import { heardEntry, stampedPool } from './held-pool.ts';
import { newestPool } from './newest-pool.ts';
import type { DiskPool, PoolDisk } from './pool-disk.ts';
import { type PoolPlace, readGroups } from './read-pool.ts';
import { register } from './registration.ts';

export interface PoolSyncOptions {
  readonly fleet: FleetId;
  readonly balancer: BalancerId;
  /** `all` includes groups still to be created. */
  readonly groups: 'all' | readonly GroupId[];
  readonly driver: Balancer;
  /** Holds the last good pools; the driver has a place of its own. */
  readonly disk: PoolDisk;
  /** Opens the bus as principal `bal_<balancer>`, waiting for NATS as long as it takes. */
  readonly openBus: (signal: AbortSignal) => Promise<Bus>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A balancer ends in stages of its own; all of them fit in this. */
const stopTimeoutMs = 15_000;
/** NATS answers within milliseconds where it is there; where it is not, the balancer shall not wait for it. */
const newestTimeoutMs = 1_500;
/** Groups are looked for again at this pace until they were read. */
const discoverBackoff = { firstMs: 200, longestMs: 5_000 } as const;
/** A core message may be lost, and with it the first word of a new group: so long it stays unnoticed at most. */
const discoverEveryMs = 10_000;

export class PoolSync {
  readonly #options: PoolSyncOptions;
  readonly #lifecycle: Lifecycle;
  readonly #syncByGroup = new Map<GroupId, GroupSync>();
  #place: PoolPlace | undefined;
  /** What the fleet named when it last registered us. */
  #log: LogId | undefined;
  /** Ends what a connection began when the next one comes. */
  #connection = new AbortController();

  constructor(options: PoolSyncOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const onError = (what: string, error: unknown) => logger.error({ what, error: textOf(error) }, 'pool sync failed');
    this.#lifecycle = new Lifecycle({ clock, stopTimeoutMs, onError });
  }

  /** Resolves once the balancer serves what is on disk, or the newer pool NATS had at once; else NATS is not waited for. */
  async start(): Promise<void> {
    const { driver, groups, disk, logger } = this.#options;
    const found = await disk.load();
    const pools = found.filter(({ group }) => groups === 'all' || groups.includes(group));
    if (pools.length === 0) {
      logger.warn({ groups }, 'no pool on disk: taking no traffic until a whole one was read');
    }
    const opening = this.#open();
    const newest = await this.#newestOf(pools, opening);
    await driver.start(newest.map((pool) => stampedPool(pool, pool)));
    this.#lifecycle.onStop('balancer', () => driver.stop());
    this.#lifecycle.onStop(
      'restart listener',
      driver.onRestart(() => this.#each((sync) => sync.assertAgain())),
    );
    this.#lifecycle.onStop('groups', async () => {
      await Promise.all([...this.#syncByGroup.values()].map((sync) => sync.stop()));
    });
    for (const pool of newest) this.#follow(pool.group, pool).assertAgain();
    this.#lifecycle.track('connection', this.#connect(opening));
  }

  /** Ends the balancer too. Never rejects. */
  stop(): Promise<void> {
    this.#connection.abort();
    return this.#lifecycle.stop();
  }

  async #open(): Promise<PoolPlace> {
    const { openBus, fleet } = this.#options;
    const bus = await openBus(this.#lifecycle.signal);
    this.#lifecycle.onStop('bus', () => bus.close());
    return { bus, stream: streamNames(fleet).pools, fleet };
  }

  /** What is on disk may be of long ago: whoever left meanwhile must not get the balancer's first requests. */
  async #newestOf(pools: readonly DiskPool[], opening: Promise<PoolPlace>): Promise<readonly DiskPool[]> {
    if (pools.length === 0) return pools;
    const { clock, disk, logger } = this.#options;
    const signal = AbortSignal.any([this.#connection.signal, this.#lifecycle.signal]);
    const work = opening.then((place) => Promise.all(pools.map((pool) => newestPool({ place, pool, disk, signal }))));
    try {
      return await within({ clock, timeoutMs: newestTimeoutMs, what: 'newer pools', work, signal });
    } catch (error) {
      logger.warn({ error: textOf(error) }, 'starting from the pools on disk');
      return pools;
    }
  }

  async #connect(opening: Promise<PoolPlace>): Promise<void> {
    const { fleet, groups } = this.#options;
    const place = await opening;
    if (this.#lifecycle.signal.aborted) return;
    const { bus } = place;
    this.#place = place;
    const wanted = groups === 'all' ? [subjects.allPools(fleet)] : groups.map((group) => subjects.pool(fleet, group));
    for (const subject of wanted) bus.subscribe({ subject, onMessage: (message) => this.#hear(message) });
    this.#lifecycle.onStop(
      'connection listener',
      bus.onConnection((status) => {
        if (status === 'connected') this.#connected(bus);
      }),
    );
    this.#connected(bus);
  }

  /** Everything heard before may have missed something: read again, and ask the fleet again whose log it is. */
  #connected(bus: Bus): void {
    this.#connection.abort();
    this.#connection = new AbortController();
    const signal = AbortSignal.any([this.#connection.signal, this.#lifecycle.signal]);
    this.#each((sync) => sync.readAgain());
    this.#lifecycle.track('registration', this.#unlessAborted(signal, this.#register(bus, signal)));
    this.#lifecycle.track('groups', this.#unlessAborted(signal, this.#discover(signal)));
  }

  async #register(bus: Bus, signal: AbortSignal): Promise<void> {
    const { fleet, balancer, groups, driver, clock, random, logger } = this.#options;
    const log = await register({ bus, fleet, balancer, kind: driver.kind, groups, clock, random, logger, signal });
    logger.info({ balancer, log }, 'balancer registered');
    if (log === this.#log) return;
    this.#log = log;
    this.#each((sync) => sync.readAgain());
  }

  /** Follows every group there is, and those that are new as they come. */
  async #discover(signal: AbortSignal): Promise<void> {
    const { groups, clock, random, logger } = this.#options;
    for (let failures = 0; this.#place !== undefined; ) {
      try {
        const found = groups === 'all' ? await readGroups(this.#place, signal) : groups;
        for (const group of found) this.#follow(group, undefined);
        if (groups !== 'all') return;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        logger.warn({ error: textOf(error) }, 'pools not read');
      }
      const delayMs = failures === 0 ? discoverEveryMs : backoffMs(discoverBackoff, failures, random());
      await pause({ clock, delayMs, signal });
    }
  }

  #hear({ subject, data }: BusMessage): void {
    // Empty bytes stand for what was cleared; a server is out by its tombstone, never by silence.
    if (data.length === 0) return;
    try {
      if (isRevisionSubject(subject)) {
        const revision = decodeMessage(PoolRevision, data, 'a pool revision');
        this.#follow(revision.group, undefined).hearRevision(revision);
      } else {
        const entry = decodeMessage(PoolEntry, data, 'a pool entry');
        this.#follow(entry.group, undefined).hearEntry(heardEntry(entry, data));
      }
    } catch (error) {
      this.#options.logger.error({ subject, error: textOf(error) }, 'pool message refused');
    }
  }

  #follow(group: GroupId, begun: DiskPool | undefined): GroupSync {
    const known = this.#syncByGroup.get(group);
    if (known !== undefined) return known;
    const { fleet, balancer, driver, disk, clock, random, logger } = this.#options;
    const sync = new GroupSync({
      fleet,
      balancer,
      group,
      driver,
      disk,
      begun,
      place: () => this.#place,
      registeredLog: () => this.#log,
      clock,
      random,
      logger,
      signal: this.#lifecycle.signal,
    });
    this.#syncByGroup.set(group, sync);
    // Whatever it was heard of by, the rest of it may have been said before.
    sync.readAgain();
    return sync;
  }

  #each(act: (sync: GroupSync) => void): void {
    for (const sync of this.#syncByGroup.values()) act(sync);
  }

  /** A later connection, or stopping, ends what this one began: that is no failure. */
  async #unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
