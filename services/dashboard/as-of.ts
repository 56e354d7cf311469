/**
 * The fleet as a request wants it: now, from the live fold, or as it was. A moment of the past is folded once and kept
 * for a while, since a screen that is turned back asks six things of the same instant.
 */
import type { Position } from '../../schemas/ids.ts';
import { type AsOfOptions, type Instant, positionAt, stateAt } from '../../src/audit/as-of.ts';
import { parseInstant } from '../../src/audit/instant-text.ts';
import { liveSource } from '../../src/audit/log-source.ts';
import { type Moment, replay } from '../../src/audit/replay.ts';
import { cloneState } from '../../src/domain/fleet-state.ts';
import type { FleetState } from '../../src/domain/state.ts';
import type { Follower } from '../../src/follower/follower.ts';
import { emptyObserved, type Observed } from '../../src/projections/observed.ts';
import type { Clock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import { Semaphore } from '../../src/std/semaphore.ts';
import { badRequest, notFound } from './problem.ts';

/** What an answer is read from, and what it is true for. */
export interface Seen {
  readonly state: FleetState;
  readonly observed: Observed;
  readonly position: Position;
  /** Of the past only: when that position was written, milliseconds since the epoch. */
  readonly at?: number;
}

/** Moments kept: a scrubber's neighbourhood, and both ends of a diff. A large fleet's takes some tens of megabytes. */
const momentsMax = 6;
/** Folding forward from a kept moment instead of from a snapshot, up to so many events: some tens of milliseconds. */
const forwardMax = 20_000;
/** Two folds at a time leave a core for what is live. */
const foldsMax = 2;
/** A long log from its beginning, on a busy machine. */
const foldTimeoutMs = 60_000;

interface Kept {
  readonly moment: Promise<Moment>;
  /** Undefined until it is folded. */
  folded: Moment | undefined;
}

export interface AsOfSources {
  readonly follower: Follower;
  readonly clock: Clock;
}

export class AsOf {
  readonly #follower: Follower;
  readonly #clock: Clock;
  /** By position, the one asked for last at the end. */
  readonly #moments = new Map<Position, Kept>();
  readonly #folds = new Semaphore(foldsMax);

  constructor({ follower, clock }: AsOfSources) {
    this.#follower = follower;
    this.#clock = clock;
  }

  /** For what reads the log itself. */
  source(signal: AbortSignal): AsOfOptions {
    const { log, names, snapshots } = this.#follower;
    return { source: liveSource(log, names.log), live: { log, bucket: snapshots }, signal };
  }

  now(): Seen {
    const { state, observed, status } = this.#follower;
    if (state.log === null) {
      const reading = status.status === 'starting' ? 'the log is being read' : 'the log is empty';
      const detail = ('reason' in status ? status.reason : null) ?? reading;
      throw new Failure({ code: 'unavailable', retryable: true, message: `nothing to show yet: ${detail}` });
    }
    return { state, observed, position: state.position };
  }

  /** Refuses an instant that is none, or that the log does not reach. */
  async at(text: string | undefined): Promise<Seen> {
    if (text === undefined) return this.now();
    return this.past(this.instant(text));
  }

  async past(instant: Instant): Promise<Seen> {
    this.now();
    const position = 'position' in instant ? instant.position : await positionAt(this.#follower.log, instant.time);
    if (position === 0) throw notFound('unknown-position', 'nothing had happened by then: the log begins later');
    if (position > this.#follower.state.position) {
      const detail = `the log ends at position ${this.#follower.state.position}, before ${position}`;
      throw notFound('unknown-position', detail);
    }
    const { state, at } = await this.#moment(position);
    return { state, observed: emptyObserved(), position, at };
  }

  instant(text: string): Instant {
    const instant = parseInstant(text, this.#clock.now());
    if (instant !== undefined) return instant;
    throw badRequest(`"${text}" is no position (1200), time (2026-03-01T12:00:00Z) or age (15m)`, 'at');
  }

  /** Forgets every moment: the log they were of is another one now. */
  clear(): void {
    this.#moments.clear();
  }

  #moment(position: Position): Promise<Moment> {
    const known = this.#moments.get(position);
    this.#moments.delete(position);
    const kept = known ?? { moment: this.#folds.run(() => this.#fold(position)), folded: undefined };
    this.#moments.set(position, kept);
    for (const oldest of this.#moments.keys()) {
      if (this.#moments.size <= momentsMax) break;
      this.#moments.delete(oldest);
    }
    kept.moment.then(
      (moment) => {
        kept.folded = moment;
      },
      () => {
        if (this.#moments.get(position) === kept) this.#moments.delete(position);
      },
    );
    return kept.moment;
  }

  async #fold(position: Position): Promise<Moment> {
    const signal = AbortSignal.timeout(foldTimeoutMs);
    const near = this.#nearest(position);
    if (near === undefined) return stateAt(this.source(signal), { position });
    // A copy: the moment it begins from goes on being shown.
    const { state, cursor, position: reached } = near;
    const start = { state: cloneState(state), cursor };
    if (cursor.position !== reached) return stateAt(this.source(signal), { position });
    return replay(this.source(signal).source, { start, to: position, signal });
  }

  /** The one to fold forward from. Never one that is still being folded: that may itself wait for its turn, behind us. */
  #nearest(position: Position): Moment | undefined {
    let nearest: Moment | undefined;
    for (const [at, { folded }] of this.#moments) {
      const isNear = at < position && position - at <= forwardMax;
      if (isNear && folded !== undefined && at > (nearest?.position ?? 0)) nearest = folded;
    }
    return nearest;
  }
}
