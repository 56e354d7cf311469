/**
 * Keeps one group's pool in one balancer. One run at a time; whatever is heard meanwhile is seen by the next one, so
 * revisions that arrive while one is being applied gather into one.
 *
 * Promises: the balancer holds the newest pool that was whole, and a receipt says only what was read back from it.
 * An empty or half-read pool, an older stamp or another log is never an instruction.
 *
 * Longer than most files: one run's steps share the fields, and the order of them is what there is to understand.
 */
import {
  compareStamps,
  type BalancerId,
  type FleetId,
  type GroupId,
  type LogId,
  type Stamp,
} from '../../schemas/ids.ts';
import type { PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { type Balancer, type DesiredPool, holdsPool, type ObservedPool } from '../balancers/balancer.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import { Failure, textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeMessage } from '../wire/message.ts';
import { desiredPool, type HeardEntry, HeldPool, stampedPool, wholeness } from './held-pool.ts';
import type { DiskPool, PoolDisk } from './pool-disk.ts';
import { type PoolPlace, readPool, readRevision } from './read-pool.ts';
import { receiptOf } from './receipt.ts';

export interface GroupSyncOptions {
  readonly fleet: FleetId;
  readonly balancer: BalancerId;
  readonly group: GroupId;
  readonly driver: Balancer;
  readonly disk: PoolDisk;
  /** The pool the balancer was started with. */
  readonly begun: DiskPool | undefined;
  /** Where to read and to send receipts; undefined while there was no connection yet. */
  readonly place: () => PoolPlace | undefined;
  /** The log the fleet named when it registered us, once it did. */
  readonly registeredLog: () => LogId | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Receipts are level-triggered: a coordinator that has just begun to lead has the whole picture after this. */
const receiptEveryMs = 1_000;
/** A drain ends on readings in a row; this is what each costs it. */
const receiptWhileDrainingMs = 250;
/** A core message may be lost: so long a lost revision stays unnoticed at most. */
const revisionEveryMs = 5_000;
/** Groups come and go for years: of one that is forgotten only the first word of another by its name is looked for. */
const forgottenEveryMs = 60_000;
/** Reads of a pool that is just being published, before the run counts as failed and backs off. */
const readsMax = 5;
const backoff = { firstMs: 100, longestMs: 2_000 } as const;

export class GroupSync {
  readonly #options: GroupSyncOptions;
  readonly #held = new HeldPool();
  readonly #runner: ExclusiveRunner;
  /** What the balancer shall hold: the last whole pool. */
  #good: DiskPool | undefined;
  /** What the disk holds. */
  #saved: DiskPool | undefined;
  /** The group was deleted, by the revision with this stamp: the balancer has it no more. */
  #gone: Pick<PoolRevision, 'log' | 'term' | 'position'> | undefined;
  /** It is gone, and NATS holds no word of it any more: every balancer has confirmed that, and nobody waits for us. */
  #isForgotten = false;
  /** Read everything again before believing what was heard: at the start and after every reconnect. */
  #stale = true;
  /** The balancer lost its memory, or holds connections of servers that left: apply though nothing differs. */
  #assertAgain = true;
  #revisionReadAt = 0;
  /** Why the last run did not apply the newest revision. */
  #error: string | undefined;
  /** The other log that was refused last: told once, and in every receipt until the fleet names it as its own. */
  #refusedLog: LogId | undefined;
  #tick: Timer | undefined;

  constructor(options: GroupSyncOptions) {
    this.#options = options;
    this.#good = options.begun;
    this.#saved = options.begun;
    const { clock, random, logger, group } = options;
    this.#runner = new ExclusiveRunner({
      work: () => this.#run(),
      clock,
      random,
      backoff,
      onError: (error) => logger.warn({ group, error: textOf(error) }, 'pool not applied'),
    });
  }

  hearEntry(heard: HeardEntry): void {
    if (this.#believes(heard.entry.log)) this.#held.hearEntry(heard);
  }

  hearRevision(revision: PoolRevision): void {
    if (this.#believes(revision.log) && this.#held.hearRevision(revision)) this.#runner.poke();
  }

  /** Reads everything again: a connection came back, or the fleet named its log. */
  readAgain(): void {
    this.#stale = true;
    this.#runner.poke();
  }

  /** The balancer came back without its memory. */
  assertAgain(): void {
    this.#assertAgain = true;
    this.#runner.poke();
  }

  async stop(): Promise<void> {
    this.#tick?.cancel();
    await this.#runner.stop();
  }

  /** The whole truth each time: read, apply what is newer, compare, prove. */
  async #run(): Promise<void> {
    this.#tick?.cancel();
    try {
      await this.#takeIn();
      const observed = await this.#assertGood();
      await this.#save();
      this.#error = undefined;
      this.#sendReceipt(observed);
    } catch (error) {
      if (this.#options.signal.aborted) return;
      this.#error = textOf(error);
      this.#sendReceipt(await this.#readBackOrNothing());
      throw error;
    } finally {
      this.#tickLater();
    }
  }

  /** Makes the newest whole revision the good one. */
  async #takeIn(): Promise<void> {
    const place = this.#options.place();
    if (place !== undefined) await this.#refresh(place);
    const revision = this.#held.revision;
    if (revision === undefined || !this.#believes(revision.log)) return;
    if (!this.#isNewer(revision)) return;
    if (revision.deleted === true) return this.#remove(revision);
    const whole = await this.#wholeRevision(place, revision);
    const { log, term, position } = whole;
    const pool = desiredPool(this.#options.group, this.#held.entries);
    const applied = await this.#apply(pool, whole);
    this.#good = { log, term, position, ...pool, servers: [...pool.servers] };
    this.#gone = undefined;
    this.#isForgotten = false;
    this.#held.forgetGone();
    const { logger, group } = this.#options;
    logger.info({ group, term, position, servers: pool.servers.length, settled: applied }, 'pool applied');
  }

  /** Before a receipt says so: a start with NATS away begins with what is there. Tried again in each run, until it is. */
  async #save(): Promise<void> {
    if (this.#good === undefined || this.#good === this.#saved) return;
    await this.#options.disk.save(this.#good);
    this.#saved = this.#good;
  }

  /** Said in so many words: nothing less takes a group out of a balancer. */
  async #remove({ log, term, position }: PoolRevision): Promise<void> {
    const { driver, disk, logger, group } = this.#options;
    await driver.remove(group);
    await disk.remove(group);
    this.#good = undefined;
    this.#gone = { log, term, position };
    logger.info({ group, term, position }, 'group removed');
  }

  /** Reads what may have been missed: everything when stale, else the revision alone, now and then. */
  async #refresh(place: PoolPlace): Promise<void> {
    const { clock, group, signal } = this.#options;
    if (this.#stale) {
      this.#stale = false;
      try {
        const read = await readPool(place, group, signal);
        this.#hearRead(read);
        this.#isForgotten = this.#gone !== undefined && read.revision === undefined;
      } catch (error) {
        this.#stale = true;
        // With NATS down the pool we have is asserted all the same; the connection's return reads again.
        if (!(error instanceof Failure) || error.code !== 'disconnected') throw error;
      }
      this.#revisionReadAt = clock.monotonic();
    } else if (clock.monotonic() - this.#revisionReadAt > revisionEveryMs) {
      this.#revisionReadAt = clock.monotonic();
      const revision = await readRevision(place, group).catch((error: unknown) => {
        if (error instanceof Failure && error.retryable) return null;
        throw error;
      });
      if (revision !== null) this.#isForgotten = this.#gone !== undefined && revision === undefined;
      if (revision != null && this.#believes(revision.log)) this.#held.hearRevision(revision);
    }
  }

  /** The newest revision whose entries are all held, reading them where what was heard is not whole. */
  async #wholeRevision(place: PoolPlace | undefined, first: PoolRevision): Promise<PoolRevision> {
    let revision = first;
    let state = wholeness(this.#held.entries, revision);
    for (let read = 0; state.status === 'partial' && place !== undefined && read < readsMax; read += 1) {
      this.#hearRead(await readPool(place, this.#options.group, this.#options.signal));
      revision = this.#held.revision ?? revision;
      state = wholeness(this.#held.entries, revision);
    }
    if (state.status === 'whole') return revision;
    const message = `revision ${revision.term}/${revision.position} is not applied: ${state.why}`;
    throw new Failure({ code: 'conflict', retryable: true, message });
  }

  #hearRead(read: { entries: readonly HeardEntry[]; revision: PoolRevision | undefined }): void {
    const { entries, revision } = read;
    if (revision === undefined || !this.#believes(revision.log)) return;
    this.#held.replaceEntries(entries);
    this.#held.hearRevision(revision);
  }

  /** Compares what the balancer holds with the good pool, and asserts it where it differs. */
  async #assertGood(): Promise<ObservedPool | undefined> {
    const { driver, group } = this.#options;
    if (this.#good === undefined) return undefined;
    const observed = await driver.readBack(group);
    if (!this.#assertAgain && holdsPool(observed, this.#good)) return observed;
    await this.#apply(this.#good, this.#good);
    return driver.readBack(group);
  }

  async #apply(pool: DesiredPool, stamp: Pick<Stamp, 'term' | 'position'>): Promise<boolean> {
    this.#assertAgain = true;
    const { settled } = await this.#options.driver.apply(stampedPool(pool, stamp));
    this.#assertAgain = !settled;
    return settled;
  }

  /** Only our fleet's log: the one it named, else the one on our disk, else any. Another is refused, and said so. */
  #believes(log: LogId): boolean {
    const known = this.#options.registeredLog() ?? this.#taken?.log;
    if (known === undefined || known === log) return true;
    if (this.#refusedLog !== log) {
      this.#refusedLog = log;
      this.#options.logger.error({ group: this.#options.group, log, known }, 'pool of another log refused');
    }
    return false;
  }

  #refusal(): string | undefined {
    const log = this.#refusedLog;
    if (log === undefined || log === this.#options.registeredLog()) return undefined;
    return `a pool of another log was refused: ${log}; this balancer belongs to ${this.#taken?.log ?? 'none'}`;
  }

  /** The stamp of what was last carried out. */
  get #taken(): Pick<PoolRevision, 'log' | 'term' | 'position'> | undefined {
    return this.#good ?? this.#gone;
  }

  #isNewer(revision: PoolRevision): boolean {
    const taken = this.#taken;
    return taken === undefined || taken.log !== revision.log || compareStamps(revision, taken) > 0;
  }

  async #readBackOrNothing(): Promise<ObservedPool | undefined> {
    const { driver, group, logger } = this.#options;
    try {
      return await driver.readBack(group);
    } catch (error) {
      logger.debug({ group, error: textOf(error) }, 'balancer not read back');
      return undefined;
    }
  }

  #sendReceipt(observed: ObservedPool | undefined): void {
    const { fleet, balancer, group, place, logger } = this.#options;
    const bus = place()?.bus;
    const stamp = this.#taken ?? this.#unapplied();
    const error = this.#error ?? this.#refusal();
    if (bus === undefined || stamp === undefined || this.#isForgotten) return;
    const receipt = receiptOf({ balancer, group, stamp, observed, error });
    try {
      bus.publish({ subject: subjects.applied(fleet, balancer, group), data: encodeMessage(receipt) });
    } catch (error) {
      // Level-triggered: the next one is sent in a second, or when the connection is back.
      logger.debug({ group, error: textOf(error) }, 'receipt not sent');
    }
  }

  /** Before the first pool there is no stamp to prove; an error is told under position 0. */
  #unapplied(): { log: LogId; term: number; position: number } | undefined {
    const log = this.#held.revision?.log ?? this.#options.registeredLog();
    return log === undefined ? undefined : { log, term: 0, position: 0 };
  }

  #tickLater(): void {
    if (this.#options.signal.aborted) return;
    const isDraining = this.#good?.servers.some(({ admin }) => admin === 'drain') ?? false;
    const delayMs = this.#isForgotten ? forgottenEveryMs : isDraining ? receiptWhileDrainingMs : receiptEveryMs;
    this.#tick = this.#options.clock.after(delayMs, () => this.#runner.poke());
  }
}
