/**
 * The shell of a fleet: follows the log, leads it when nobody else does, and answers queries all the while.
 *
 * Promises: what it says follows from acknowledged records; a log that is broken or went back stops it with a name.
 * Must not know: how bytes travel (src/nats), what a command means (src/domain), what a server needs next
 * (src/server-machine). The caller's duties: one instance id per process start, and to await `stop`.
 */
import type { ChainCursor } from '../eventlog/chain.ts';
import type { FleetState } from '../domain/state.ts';
import type { HighMark } from '../eventlog/high-mark.ts';
import { jetstreamLog } from '../eventlog/jetstream-log.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Bus } from '../nats/bus.ts';
import type { StreamNames } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import { backoffMs } from '../std/backoff.ts';
import { fired, pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { Lifecycle } from '../std/lifecycle.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Event } from '../../schemas/events.ts';
import type { FleetId, GroupName, LogId, Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { brokenBehind } from './behind-snapshot.ts';
import type { Signer } from './checkpoints.ts';
import { elect, type Elected } from './election.ts';
import type { FleetFold } from './fleet-fold.ts';
import { FleetShares } from './fleet-shares.ts';
import { LeaderWatch } from './leader-watch.ts';
import { readToHead } from './log-start.ts';
import { Observations } from './observations.ts';
import { followPools } from './pool-revisions.ts';
import { serveQueries } from './query-service.ts';
import { Reign } from './reign.ts';
import { beatAsReplica } from './replica-beats.ts';
import { keep } from './snapshots.ts';
import type { Durability } from './server-fitness.ts';
import { appendedInCertainty, Standing } from './standing.ts';
import type { Timing } from './timing.ts';
import { noteFilling, Troubles } from './troubles.ts';

export interface CoordinatorOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly names: StreamNames;
  readonly durability: Durability;
  /** Random, new at each process start: names this writer in the log. */
  readonly instance: string;
  /** Random: the identity of the log, if this start creates it. */
  readonly newLogId: () => LogId;
  /** What an empty log is seeded with. */
  readonly seedGroups: readonly GroupName[];
  readonly highMark: HighMark;
  /** What it signs the log with while it leads, the same for every coordinator of the fleet. Default: nothing. */
  readonly signer?: Signer;
  /** Of this process, where it serves several fleets. Default: it serves this one. */
  readonly shares?: FleetShares;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Timing;
  readonly logger: Logger;
}

/** Between rounds that failed: NATS restarts in a second or two, a cluster elects in some. */
const roundBackoff = { firstMs: 200, longestMs: 5_000 };

/** What a start has made ready. */
interface From {
  readonly log: LogPort;
  readonly fold: FleetFold;
  readonly reigning: Reigning;
  /** Where the fold began: what is behind it was not read. */
  readonly snapshot: ChainCursor;
}

/** The reign under way, where the fold finds it. */
interface Reigning {
  /** Set while this instance leads. */
  reign: Reign | undefined;
}

export class Coordinator {
  /** Resolves when the coordinator has ended: undefined after `stop`, else the failure that ended it. */
  readonly ended: Promise<Failure | undefined>;
  readonly #options: CoordinatorOptions;
  readonly #lifecycle: Lifecycle;
  readonly #log: LogPort;
  readonly #observations: Observations;
  readonly #watch: LeaderWatch;
  readonly #shares: FleetShares;
  readonly #fold: FleetFold;
  readonly #reigning: Reigning;
  readonly #standing: Standing;
  readonly #troubles: Troubles;
  /** The position of the newest snapshot we know of. */
  #snapshotAt: number;

  private constructor(options: CoordinatorOptions, from: From) {
    const { bus, fleet, instance, clock, random, timing, logger } = options;
    this.#options = options;
    this.#log = from.log;
    this.#fold = from.fold;
    this.#reigning = from.reigning;
    this.#troubles = new Troubles(logger);
    this.#snapshotAt = from.fold.cursor.position;
    const onError = (what: string, error: unknown) => logger.error({ what, error }, 'work failed');
    this.#lifecycle = new Lifecycle({ clock, stopTimeoutMs: 10_000, onError });
    this.#observations = new Observations({ bus, fleet, clock, logger });
    const { leaderBeatMs: beatMs, rebalanceMs } = timing;
    const shares = options.shares ?? new FleetShares({ clock, random, beatMs, rebalanceMs });
    this.#shares = shares;
    const hesitationSteps = () => shares.hesitationSteps(fleet);
    this.#watch = new LeaderWatch({ bus, fleet, instance, clock, random, timing, hesitationSteps });
    this.#standing = new Standing({
      ...options,
      log: from.log,
      commands: options.names.commands,
      // As soon as an append would be sent again: both wait for a stream to elect its leader.
      timeoutMs: timing.appendTimeoutMs,
      patienceMs: timing.regressPatienceMs,
      cursor: () => this.#fold.cursor,
      taken: () => this.#reigning.reign?.taken ?? this.#fold.cursor.watermark,
      onTakenGone: (failure) => this.#reigning.reign?.takenIsGone(failure),
      signal: this.#lifecycle.signal,
    });
    this.#lifecycle.track('reading behind the snapshot', this.#readBehind(from.snapshot));
    this.ended = this.#run();
  }

  /** Reads the log to its head, and begins. Fails with what is wrong with the log, if anything. */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const { bus, fleet, names, clock, timing } = options;
    const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock });
    const reigning: Reigning = { reign: undefined };
    const onFolded = (events: readonly Event[]) => reigning.reign?.acknowledged(events);
    const { storeTimeoutMs, regressPatienceMs } = timing;
    const read = await readToHead({
      ...options,
      log,
      snapshots: bus.objects(names.snapshots),
      storeTimeoutMs,
      regressPatienceMs,
      onFolded,
    });
    return new Coordinator(options, { ...read, log, reigning });
  }

  get position(): number {
    return this.#fold.cursor.position;
  }

  /** The fleet as folded up to `position`. Not the caller's to change. */
  get state(): Readonly<FleetState> {
    return this.#fold.state;
  }

  get role(): 'leader' | 'standby' {
    return this.#reigning.reign === undefined ? 'standby' : 'leader';
  }

  /** Hands over, keeps a snapshot, ends. Safe to repeat. */
  async stop(): Promise<void> {
    await this.#lifecycle.stop();
    await this.ended;
  }

  async #run(): Promise<Failure | undefined> {
    const { logger } = this.#options;
    const signal = this.#lifecycle.signal;
    this.#observations.start();
    const queries = this.#serveQueries();
    this.#beAmongReplicas();
    try {
      for (let failures = 0; !signal.aborted; ) failures = await this.#round(failures);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      // Anything else is a bug, and ends the process.
      if (!(error instanceof Failure)) throw error;
      logger.error({ code: error.code, reason: error.message }, 'coordinator ended');
      return error;
    } finally {
      queries.unsubscribe();
      this.#observations.stop();
      this.#watch.stop();
      if (this.#fold.cursor.position > this.#snapshotAt) await this.#keepSnapshot();
    }
  }

  /** Follows, tries to lead, leads. A failure that may pass is waited out; the count of those in a row comes back. */
  async #round(failures: number): Promise<number> {
    const { clock, random, logger } = this.#options;
    const signal = this.#lifecycle.signal;
    try {
      const after = await this.#follow();
      if (signal.aborted) return 0;
      this.#shares.begin(this.#options.fleet);
      const log = appendedInCertainty(this.#log, this.#standing, { clock, signal });
      const furthest = () => this.#watch.furthest;
      const elected = await elect({ ...this.#options, log, fold: this.#fold, furthest, after, signal });
      if (elected === undefined) return 0;
      this.#troubles.clear('no-room');
      await this.#lead(elected);
      return 0;
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted) throw error;
      // Without room nothing is appended; what is there is followed and answered from all the same.
      if (error.code === 'no-room') this.#troubles.raise('no-room', error.message);
      // Deposed before the reign had begun: the log says by whom.
      else if (!error.retryable && error.code !== 'not-leader') throw error;
      logger.warn({ code: error.code, reason: error.message }, 'beginning again');
      await pause({ clock, delayMs: backoffMs(roundBackoff, failures + 1, random()), signal });
      return failures + 1;
    } finally {
      this.#shares.end(this.#options.fleet);
    }
  }

  /** Folds what others write until it is time to try to lead; the term whose leader is gone comes back. */
  async #follow(): Promise<Term> {
    const { bus, fleet, names, logger } = this.#options;
    const stopped = this.#lifecycle.signal;
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, stopped]);
    const fold = this.#fold;
    const reading = (async () => {
      for await (const stored of this.#log.read({ fromSequence: fold.cursor.sequence + 1, signal })) {
        await fold.take(this.#log, stored);
        this.#watch.sawTerm(fold.cursor.term);
      }
    })();
    // For whoever asks a standby: what decides is the log alone, so a reading that fails ends nothing.
    const { observed } = this.#observations;
    const pools = followPools({ bus, fleet, stream: names.pools, observed, logger, signal });
    this.#lifecycle.track('following the pools', pools);
    let after = fold.cursor.term;
    try {
      // A broken log ends the reading, and with it the wait; a reading that was stopped decides nothing.
      const broken = reading.then(() => new Promise<never>(() => undefined));
      const regressed = fired({ signal: this.#standing.regressed, over: signal }).then((failure) =>
        Promise.reject(failure),
      );
      await Promise.race([this.#watch.timeToTry(after, signal), broken, regressed]);
      after = fold.cursor.term;
    } catch (error) {
      if (!stopped.aborted) throw error;
    } finally {
      enough.abort();
      await reading;
    }
    return after;
  }

  async #lead({ writer, deciding }: Elected): Promise<void> {
    const { bus, fleet, names, instance, clock, random, timing, logger } = this.#options;
    const stopped = this.#lifecycle.signal;
    const reign = new Reign({
      bus,
      fleet,
      names,
      instance,
      log: this.#log,
      writer,
      deciding,
      state: this.#fold.state,
      cursor: () => this.#fold.cursor,
      observations: this.#observations,
      watch: this.#watch,
      standing: this.#standing,
      clock,
      random,
      timing,
      logger,
      signer: this.#options.signer,
      housekeeping: () => this.#housekeeping(),
    });
    this.#reigning.reign = reign;
    try {
      await this.#started(reign);
      const over = new AbortController();
      const asked = fired({ signal: stopped, over: over.signal }).then(() => 'asked' as const);
      const regressed = fired({ signal: this.#standing.regressed, over: over.signal }) as Promise<Failure>;
      const shared = this.#untilShared(AbortSignal.any([over.signal, stopped]));
      const end = await Promise.race([reign.ended, asked, shared, regressed]);
      over.abort();
      await reign.stop(end === 'asked' || end === 'shared' ? 'hand-over' : 'deposed');
      if (end === 'shared')
        logger.info({ fleet, term: this.#fold.cursor.term }, 'handed over: another coordinator leads fewer fleets');
      if (end === 'asked' || end === 'shared') return;
      logger.warn({ code: end.code, reason: end.message }, 'reign ended');
      if (end.code === 'no-room') throw end;
      // Whatever ended it, the log says what is true: follow it again. What only a person can mend ends us.
      if (end.code === 'log-broken' || end.code === 'log-regressed' || end.code === 'stream-mismatch') throw end;
    } finally {
      this.#reigning.reign = undefined;
      await this.#options.highMark.raise(this.#fold.cursor);
    }
  }

  /** Resolves when this fleet should be another coordinator's; never, if the signal fires before. */
  async #untilShared(signal: AbortSignal): Promise<'shared'> {
    const { clock, fleet, timing } = this.#options;
    while (!this.#shares.mayHandOver(fleet)) {
      const stopped = await pause({ clock, delayMs: timing.leaderBeatMs, signal }).then(
        () => false,
        () => true,
      );
      if (stopped) return new Promise(() => undefined);
    }
    return 'shared';
  }

  /** A reign that cannot begin is ended whole before anything is tried again. */
  async #started(reign: Reign): Promise<void> {
    try {
      await reign.start();
    } catch (error) {
      await reign.stop('deposed');
      throw error;
    }
  }

  /** Says what we are, and hears what the others are, until we stop. */
  #beAmongReplicas(): void {
    const { bus, fleet, instance, clock, timing, durability } = this.#options;
    const own = () => {
      const { log, term, position } = this.#fold.cursor;
      const said = { role: this.role, leads: this.#shares.leads, troubles: [...this.#troubles.texts] };
      return { log, term, position, instance, durability, ...said };
    };
    const options = { bus, fleet, instance, shares: this.#shares, clock, beatMs: timing.leaderBeatMs, own };
    this.#lifecycle.track('beating as a replica', beatAsReplica(options, this.#lifecycle.signal));
  }

  #serveQueries(): { unsubscribe(): void } {
    const { bus, fleet, timing, instance, durability, clock } = this.#options;
    const state = this.#fold.state;
    return serveQueries({
      bus,
      fleet,
      fold: this.#fold,
      observed: this.#observations.observed,
      waitMs: timing.queryWaitMs,
      clock,
      coordinator: () => ({
        instance,
        role: this.role,
        durability,
        troubles: [...this.#troubles.texts],
        servers: state.serverById.size,
        groups: state.groupById.size,
      }),
      track: (what, work) => this.#lifecycle.track(what, work),
    });
  }

  async #readBehind(snapshot: ChainCursor): Promise<void> {
    const { clock } = this.#options;
    const broken = await brokenBehind({ log: this.#log, snapshot, clock, signal: this.#lifecycle.signal });
    if (broken !== undefined) this.#troubles.raise('log-behind-snapshot-broken', broken);
  }

  async #housekeeping(): Promise<void> {
    const { bus, names, highMark } = this.#options;
    await highMark.raise(this.#fold.cursor);
    noteFilling(this.#troubles, names.log, await bus.streamStatus(names.log));
    if (this.#fold.cursor.position - this.#snapshotAt >= this.#options.timing.snapshotEvery) await this.#keepSnapshot();
  }

  async #keepSnapshot(): Promise<void> {
    const { bus, names, logger } = this.#options;
    const { cursor, state } = this.#fold;
    try {
      await keep(bus.objects(names.snapshots), { cursor, state });
      this.#snapshotAt = cursor.position;
    } catch (error) {
      // A cache: without it the next start folds a longer tail.
      logger.warn(
        { reason: Failure.from(error, { code: 'io', retryable: true, message: 'snapshot' }).message },
        'snapshot not kept',
      );
    }
  }
}
