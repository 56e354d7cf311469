/**
 * Says when to try to lead: at once where nobody answers for the leader, after a clean hand-over, or once its beats
 * have been missed for a while. A hint for haste only: what makes a leader is its record in the log.
 */
import type { Bus } from '../nats/bus.ts';
import { pause } from '../std/deadline.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { messageOrNothing } from '../wire/message.ts';
import { compareStamps, type FleetId, type Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { LeaderBeat } from '../../schemas/coordinators.ts';
import type { Timing } from './timing.ts';

export interface LeaderWatchOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: Timing;
  /** How many steps to hesitate, asked anew at every look: others may have become the better choice. */
  readonly hesitationSteps: () => number;
}

export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  readonly #subscription: { unsubscribe(): void };
  readonly #unlisten: () => void;
  /** The highest term heard of: a leader of a lower one is frozen no more, and does not know it yet. */
  #term: Term = 0;
  /** The furthest beat: what its leader had acknowledged. */
  #furthest: LeaderBeat | undefined;
  /** By the monotonic clock: the last sign of a leader. */
  #heardAt: number;
  /** Nobody leads, by the leader's own word or because nobody answers: no need to wait for missed beats. */
  #vacant = false;
  /** Told of each beat of somebody else, while we lead. */
  #onBeat: ((beat: LeaderBeat) => void) | undefined;

  constructor(options: LeaderWatchOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
    this.#subscription = options.bus.subscribe({
      subject: subjects.leaderBeat(options.fleet),
      onMessage: (message) => this.#take(message.data),
    });
    // Silence counts only while a beat could have been heard.
    this.#unlisten = options.bus.onConnection(() => {
      this.#heardAt = options.clock.monotonic();
    });
  }

  /** The furthest that a leader was heard to have got. */
  get furthest(): LeaderBeat | undefined {
    return this.#furthest;
  }

  onBeat(listener: ((beat: LeaderBeat) => void) | undefined): void {
    this.#onBeat = listener;
  }

  /** A record of this term was read: its leader lives as surely as if it had beaten. */
  sawTerm(term: Term): void {
    if (term <= this.#term) return;
    this.#term = term;
    this.#heardAt = this.#options.clock.monotonic();
    this.#vacant = false;
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#unlisten();
  }

  /** Resolves when it is time to try to lead after `term`, the log's; rejects with `aborted` on the signal. */
  async timeToTry(term: Term, signal: AbortSignal): Promise<void> {
    const { clock, random, timing, hesitationSteps } = this.#options;
    this.#term = Math.max(this.#term, term);
    const jitterMs = random() * timing.electionJitterMs;
    this.#vacant = false;
    this.#heardAt = clock.monotonic();
    const askedAt = this.#heardAt;
    const vacant = await this.#nobodyLeads(signal);
    // Whoever beat while we asked leads, whatever the answer.
    if (vacant && this.#heardAt === askedAt) this.#vacant = true;
    for (;;) {
      const patienceMs = this.#vacant ? jitterMs / 4 : timing.missedBeatMs + jitterMs;
      const dueAt = this.#heardAt + patienceMs + hesitationSteps() * timing.hesitationStepMs;
      const remainingMs = dueAt - clock.monotonic();
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
    // What is no beat of ours is silence.
    const beat = messageOrNothing(LeaderBeat, data);
    if (beat === undefined) return;
    // One that was overtaken and has not noticed yet: neither its life nor its leaving means anything.
    if (beat.instance === instance || beat.term < this.#term) return;
    this.#term = beat.term;
    if (this.#furthest === undefined || compareStamps(beat, this.#furthest) > 0) this.#furthest = beat;
    this.#heardAt = clock.monotonic();
    this.#vacant = beat.leaving;
    this.#onBeat?.(beat);
  }
}

const lookMs = 50;

/** True when a beat proves that another reign has begun after ours. */
export function overtakes(beat: LeaderBeat, term: Term): boolean {
  return beat.term > term;
}
