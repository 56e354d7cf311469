/**
 * Says when to try to lead: at once where nobody answers for the leader, after a clean hand-over, or once its beats
 * have been missed for a while. A hint for haste only: what makes a leader is its record in the log.
 */
import type { Bus } from '../nats/bus.ts';
import { pause } from '../std/deadline.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage } from '../wire/message.ts';
import type { FleetId, Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { LeaderBeat } from '../../schemas/views.ts';
import type { Timing } from './timing.ts';

export interface LeaderWatchOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Timing;
}

export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  readonly #subscription: { unsubscribe(): void };
  /** By the monotonic clock. */
  #heardAt: number;
  /** The leader said that it stops: no need to wait. */
  #left = false;
  /** Told of each beat of somebody else, while we lead. */
  #onBeat: ((beat: LeaderBeat) => void) | undefined;

  constructor(options: LeaderWatchOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
    this.#subscription = options.bus.subscribe({
      subject: subjects.leaderBeat(options.fleet),
      onMessage: (message) => this.#take(message.data),
    });
  }

  onBeat(listener: ((beat: LeaderBeat) => void) | undefined): void {
    this.#onBeat = listener;
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  /** Resolves when it is time to try; rejects with `aborted` on the signal. */
  async timeToTry(signal: AbortSignal): Promise<void> {
    const { clock, random, timing } = this.#options;
    const jitterMs = random() * timing.electionJitterMs;
    if (await this.#nobodyLeads(signal)) return pause({ clock, delayMs: jitterMs / 4, signal });
    this.#heardAt = clock.monotonic();
    this.#left = false;
    for (;;) {
      if (this.#left) return pause({ clock, delayMs: jitterMs / 4, signal });
      const remainingMs = this.#heardAt + timing.missedBeatMs + jitterMs - clock.monotonic();
      if (remainingMs <= 0) return;
      // Short looks, so that a hand-over is seen soon.
      await pause({ clock, delayMs: Math.min(remainingMs, lookMs), signal });
    }
  }

  /** The server says at once when no subscriber is there to answer; anything else counts as a leader. */
  async #nobodyLeads(signal: AbortSignal): Promise<boolean> {
    const { bus, fleet } = this.#options;
    try {
      await bus.request({ subject: subjects.leader(fleet), data: new Uint8Array(0), timeoutMs: 1_000, signal });
      return false;
    } catch (error) {
      return error instanceof Failure && error.code === 'no-responders';
    }
  }

  #take(data: Uint8Array): void {
    const { clock, instance } = this.#options;
    let beat: LeaderBeat;
    try {
      beat = decodeMessage(LeaderBeat, data, 'a leader beat');
    } catch (error) {
      // No beat of ours: silence is judged as silence.
      if (error instanceof Failure) return;
      throw error;
    }
    if (beat.instance === instance) return;
    this.#heardAt = clock.monotonic();
    this.#left = beat.leaving;
    this.#onBeat?.(beat);
  }
}

const lookMs = 50;

/** True when a beat proves that another reign has begun after ours. */
export function overtakes(beat: LeaderBeat, term: Term): boolean {
  return beat.term > term;
}
