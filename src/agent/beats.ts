/** Heartbeats: one at an interval, sooner when something is worth telling, and one at a time. */
import type { FleetId, ServerId } from '../../schemas/ids.ts';
import { type Beat, BeatAnswer } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import type { Clock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

export interface BeatsOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly server: ServerId;
  /** Asked before each pause: the leader may say another. */
  readonly intervalMs: () => number;
  /** The truth of this moment. */
  readonly read: () => Beat;
  readonly isDraining: () => boolean;
  /** The answer, and the heartbeat it is to. */
  readonly onAnswer: (answer: BeatAnswer, beat: Beat) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** While draining, three idle readings are waited for: a leave should not take three slow beats. */
const drainingBeatMs = 250;

export class Beats {
  readonly #options: BeatsOptions;
  /** Undefined before the first heartbeat was answered or not: only changes are worth a line. */
  #isAnswered: boolean | undefined;
  /** Ends the pause before the next heartbeat. */
  #wake: () => void = () => undefined;
  #isDue = false;

  constructor(options: BeatsOptions) {
    this.#options = options;
  }

  /** Resolves soon after the signal has fired. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, isDraining } = this.#options;
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    while (!signal.aborted) {
      this.#isDue = false;
      const beganAt = clock.monotonic();
      await this.#beat(signal);
      const beatMs = this.#options.intervalMs();
      const intervalMs = isDraining() ? Math.min(drainingBeatMs, beatMs) : beatMs;
      if (!signal.aborted) await this.#pause(beganAt + intervalMs - clock.monotonic());
    }
    signal.removeEventListener('abort', onAbort);
  }

  /** Beats at once instead of at the next interval. */
  hurry(): void {
    this.#isDue = true;
    this.#wake();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(Math.max(0, delayMs), () => resolve());
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
      if (this.#isDue) this.#wake();
    });
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { bus, fleet, server, intervalMs, read, onAnswer, logger } = this.#options;
    const timeoutMs = intervalMs();
    const beat = read();
    let answer: BeatAnswer;
    try {
      const subject = subjects.beat(fleet, server);
      const { data } = await bus.request({ subject, data: encodeMessage(beat), timeoutMs, signal });
      answer = decodeMessage(BeatAnswer, data, 'the answer to a heartbeat');
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = Failure.from(error, { code: 'malformed', retryable: true, message: 'a heartbeat' });
      if (this.#isAnswered !== false) {
        logger.warn({ fleet, code, reason: message }, 'no coordinator answers: serving what is held');
      }
      this.#isAnswered = false;
      return;
    }
    if (this.#isAnswered !== true) logger.info({ fleet }, 'the coordinator answers');
    this.#isAnswered = true;
    onAnswer(answer, beat);
  }
}
