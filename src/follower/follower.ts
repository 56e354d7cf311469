/**
 * A fleet followed without leading it: a fold of the log, and the last word of each server, balancer and pool.
 *
 * Promises: starts at once and reaches the fleet when it is there; what it says follows from records that link; a log
 * that breaks is told, and folded anew from its beginning. Must not know who asks, or how answers look.
 * Duties of the caller: what `state` and `observed` hold is read, never written to, and never kept past a turn of the
 * event loop; one call of `stop`.
 */
import type { Event } from '../../schemas/events.ts';
import type { FleetId, Position } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LeaderBeat, ReplicaBeat } from '../../schemas/coordinators.ts';
import { FleetFold } from '../coordinator/fleet-fold.ts';
import { Observations } from '../coordinator/observations.ts';
import { followPools } from '../coordinator/pool-revisions.ts';
import { restore } from '../coordinator/snapshots.ts';
import { emptyState } from '../domain/fleet-state.ts';
import type { FleetState } from '../domain/state.ts';
import { emptyCursor } from '../eventlog/chain.ts';
import { jetstreamLog } from '../eventlog/jetstream-log.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Bus, ObjectBucket } from '../nats/bus.ts';
import { type StreamNames, streamNames } from '../nats/stream-definitions.ts';
import type { Observed } from '../projections/observed.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { Lifecycle } from '../std/lifecycle.ts';
import type { Logger } from '../telemetry/logger.ts';
import { hearLeader } from './leader-ear.ts';
import { type ChangedObserved, ObservedChanges } from './observed-changes.ts';
import { RecentEvents } from './recent-events.ts';
import { hearReplicas } from './replica-ear.ts';

export interface FollowerOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export type FollowerStatus =
  /** Not at the head of the log yet; `reason` of the last try that failed. */
  | { readonly status: 'starting'; readonly reason: string | null }
  | { readonly status: 'following' }
  | { readonly status: 'broken'; readonly reason: string };

export interface FollowerListener {
  /** Events were folded, and stand in `recent`. */
  onEvents?(events: readonly Event[]): void;
  onObserved?(changed: ChangedObserved): void;
  /** Another leader, or none any more. */
  onLeader?(): void;
  /** Everything said before is void: the log is folded anew. */
  onReset?(): void;
}

/** NATS restarts in a second or two; streams are there once a coordinator has started for the first time. */
const retry = { firstMs: 100, longestMs: 2_000 } as const;
const storeTimeoutMs = 5_000;

export class Follower {
  readonly log: LogPort;
  readonly names: StreamNames;
  readonly snapshots: ObjectBucket;
  readonly recent = new RecentEvents();
  /** Settles after `stop`; rejects with a bug. */
  readonly ended: Promise<void>;
  readonly #options: FollowerOptions;
  readonly #lifecycle: Lifecycle;
  readonly #observations: Observations;
  readonly #listeners = new Set<FollowerListener>();
  readonly #leader: ReturnType<typeof hearLeader>;
  readonly #replicas: ReturnType<typeof hearReplicas>;
  #fold: FleetFold;
  #status: FollowerStatus = { status: 'starting', reason: null };
  /** Of the record being folded. */
  #folded: readonly Event[] = [];

  constructor(options: FollowerOptions) {
    const { bus, fleet, clock, logger } = options;
    this.#options = options;
    this.names = streamNames(fleet);
    this.log = jetstreamLog({ bus, stream: this.names.log, subject: subjects.log(fleet), clock });
    this.snapshots = bus.objects(this.names.snapshots);
    this.#fold = this.#newFold();
    const onError = (what: string, error: unknown) => logger.error({ what, error }, 'work failed');
    this.#lifecycle = new Lifecycle({ clock, stopTimeoutMs: 10_000, onError });
    const tell = (changed: ChangedObserved) => this.#tell((listener) => listener.onObserved?.(changed));
    const changes = new ObservedChanges({ clock, state: () => this.state, tell });
    this.#observations = new Observations({ bus, fleet, clock, logger, onHeard: (heard) => changes.heard(heard) });
    this.#leader = hearLeader({ bus, fleet, clock, onChange: () => this.#tell((listener) => listener.onLeader?.()) });
    this.#lifecycle.onStop('the ear for the leader', () => this.#leader.stop());
    this.#replicas = hearReplicas({ bus, fleet, clock });
    this.#lifecycle.onStop('the ear for replicas', () => this.#replicas.stop());
    this.#observations.start();
    this.#lifecycle.onStop('observations', () => this.#observations.stop());
    const { signal } = this.#lifecycle;
    const onRevision = changes.published.bind(changes);
    const pools = () =>
      followPools({ ...options, stream: this.names.pools, observed: this.observed, onRevision, signal });
    this.#lifecycle.track('following the pools', this.#again(pools));
    this.ended = this.#again(() => this.#follow());
  }

  get state(): FleetState {
    return this.#fold.state;
  }

  get observed(): Observed {
    return this.#observations.observed;
  }

  get status(): FollowerStatus {
    return this.#status;
  }

  /** The newest beat of the leader, as long as one is due. */
  get leader(): LeaderBeat | null {
    return this.#leader.beat();
  }

  /** The coordinators that live, by what each says of itself; the leader first. */
  get coordinators(): readonly ReplicaBeat[] {
    return this.#replicas.living();
  }

  /** Hands the listener everything from now on, until the returned function is called. */
  listen(listener: FollowerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the position is folded; rejects with `timeout` when the signal fires first. */
  passed(position: Position, signal: AbortSignal): Promise<void> {
    return this.#fold.passed(position, signal);
  }

  async stop(): Promise<void> {
    await this.#lifecycle.stop();
    await this.ended;
  }

  /** Works until stopped; a failure is told, and begun again after a while. */
  async #again(work: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.#options;
    const { signal } = this.#lifecycle;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Failure)) throw error;
        logger.warn({ code: error.code, reason: error.message }, 'following again');
      }
      // Only a stop cuts it short.
      await pause({ clock, delayMs: backoffMs(retry, failures + 1, random()), signal }).catch(() => undefined);
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#lifecycle;
    try {
      if (this.#fold.cursor.log === null) await this.#restore();
      const head = await this.log.lastSequence(storeTimeoutMs);
      if (head === 0 || this.#fold.cursor.sequence >= head) this.#following();
      for await (const stored of this.log.read({ fromSequence: this.#fold.cursor.sequence + 1, signal })) {
        this.#folded = [];
        await this.#fold.take(this.log, stored);
        this.recent.take(this.#folded, { sequence: stored.sequence, bytes: stored.data.length });
        if (this.#status.status !== 'following' && stored.sequence >= head) this.#following();
        this.#tell((listener) => listener.onEvents?.(this.#folded));
      }
    } catch (error) {
      if (error instanceof Failure && !signal.aborted) this.#failed(error);
      throw error;
    }
  }

  async #restore(): Promise<void> {
    const { logger } = this.#options;
    const { cursor, state } = await restore({ bucket: this.snapshots, log: this.log, logger });
    this.#fold = this.#newFold(cursor, state);
  }

  #newFold(cursor = emptyCursor, state = emptyState()): FleetFold {
    const onFolded = (events: readonly Event[]) => {
      this.#folded = events;
    };
    return new FleetFold({ cursor, state, logger: this.#options.logger, onFolded });
  }

  #following(): void {
    this.#status = { status: 'following' };
    this.#options.logger.info({ position: this.state.position }, 'at the head of the log');
  }

  /** Behind a break, or in another log, nothing that was folded counts. */
  #failed({ code, message }: Failure): void {
    if (code !== 'log-broken') {
      // What is folded stays true while NATS is away; only a start has nothing to show yet.
      if (this.#status.status !== 'following') this.#status = { status: 'starting', reason: message };
      return;
    }
    this.#status = { status: 'broken', reason: message };
    this.#fold = this.#newFold();
    this.recent.clear();
    this.#tell((listener) => listener.onReset?.());
  }

  #tell(say: (listener: FollowerListener) => void): void {
    for (const listener of this.#listeners) say(listener);
  }
}
