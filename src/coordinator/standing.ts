/**
 * Whether NATS still holds what was folded: the log up to where we stand, and the commands it consumed. To be asked before
 * leading, and whenever NATS was away: a server that lost its power may come back with less than it had acknowledged,
 * and a reader that waits for the next record, or the next command, never hears of it. Nothing is decided in doubt.
 */
import type { ChainCursor } from '../eventlog/chain.ts';
import { checkSeen } from '../eventlog/high-mark.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Bus } from '../nats/bus.ts';
import type { BackoffPolicy } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause, underDeadline } from '../std/deadline.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import { Failure } from '../std/failure.ts';
import { sameFields } from '../std/same-fields.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Watermark } from '../../schemas/record.ts';
import { checkOwnWatermark } from './preparation.ts';

export interface Patience {
  /** `Timing.regressPatienceMs`. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface StandingOptions extends Patience {
  readonly bus: Bus;
  readonly log: LogPort;
  /** The stream of commands. */
  readonly commands: string;
  /** The longest wait for one answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const lookAgainMs = 1_000;
/** Short: nothing is appended meanwhile. */
const backoff: BackoffPolicy = { firstMs: 200, longestMs: 1_000 };

/**
 * The watermark to read commands from; undefined where somebody else has consumed more. Throws `log-regressed`, and what
 * asking throws.
 */
export async function checkStanding(cursor: ChainCursor, options: StandingOptions): Promise<Watermark | undefined> {
  const isBehind = async () => (await options.log.lastSequence(options.timeoutMs)) > cursor.sequence;
  return checkedStanding(cursor, { ...options, isBehind });
}

interface CheckedOptions extends StandingOptions {
  /** Whether somebody may have consumed more than the cursor says. */
  readonly isBehind: () => Promise<boolean>;
}

async function checkedStanding(cursor: ChainCursor, options: CheckedOptions): Promise<Watermark | undefined> {
  const { bus, log, commands, clock, timeoutMs, isBehind } = options;
  const checked = await persistent(options, async () => {
    await checkSeen(cursor, log, timeoutMs);
    return checkOwnWatermark({ bus, stream: commands, watermark: cursor.watermark, clock, timeoutMs, isBehind });
  });
  if (checked instanceof Failure) throw checked;
  return checked;
}

/**
 * Looks again while what it sees is `log-regressed`, for as long as somebody may answer for a stream who leads it no more
 * and has not noticed: one that was frozen or cut off holds less than was acknowledged since. What is thrown ends a
 * coordinator for good.
 */
export async function persistent<T>({ patienceMs, clock, signal }: Patience, look: () => Promise<T>): Promise<T> {
  const until = clock.monotonic() + patienceMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (!isRegress(error) || clock.monotonic() >= until) throw error;
      await pause({ clock, delayMs: lookAgainMs, ...(signal === undefined ? {} : { signal }) });
    }
  }
}

export interface BackOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  /** What fails is told, and looked at again: a server that is just back may not answer yet. */
  readonly look: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Looks whenever NATS is back, until it is stopped. */
export function wheneverBack({ bus, look, ...options }: BackOptions): { stop(): Promise<void> } {
  let isAway = false;
  const work = async () => {
    try {
      await look();
    } catch (error) {
      // With NATS away again there is nothing to look at, and the look that follows must not wait its turn.
      if (!isAway) throw error;
    }
  };
  const runner = new ExclusiveRunner({ ...options, work, backoff });
  const unlisten = bus.onConnection((status) => {
    isAway = status === 'disconnected';
    if (!isAway) runner.poke();
  });
  return {
    stop: () => {
      unlisten();
      return runner.stop();
    },
  };
}

export interface KeptStandingOptions extends StandingOptions {
  /** Where the fold stands now: it goes on meanwhile. */
  readonly cursor: () => ChainCursor;
  /** The last command taken: a leader's may be on its way into the log, which would then name it. */
  readonly taken: () => Watermark;
  /** Told where what was taken is gone, and what was folded is there: who took it must put it into no log. */
  readonly onTakenGone: (failure: Failure) => void;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * Doubts what NATS holds from the moment it is away, or back, until it has been looked at. Nothing is appended in doubt, and
 * no command read: new ones may have taken the numbers of those that were consumed, and a log that lost a record and got
 * another has the length it is expected to have, so that the fence alone would let a leader who knew of the lost one write on.
 */
export class Standing {
  /** Fires with `log-regressed` once NATS is back with less than was folded; or never. */
  readonly regressed: AbortSignal;
  readonly #options: KeptStandingOptions;
  readonly #regress = new AbortController();
  /** Fires when the present certainty ends. */
  #doubt = new AbortController();
  /** Changes of the connection: a look that one falls into has seen two servers. */
  #changes = 0;
  readonly #waiting = new Set<() => void>();

  /** Certain at first: whoever makes it has just read the log. Looks until the signal fires. */
  constructor(options: KeptStandingOptions) {
    this.#options = options;
    this.regressed = this.#regress.signal;
    const { bus, clock, random, logger, signal } = options;
    const unlisten = bus.onConnection(() => {
      this.#changes += 1;
      this.#doubt.abort();
    });
    const onError = (error: unknown) => logger.warn({ error }, 'what NATS came back with cannot be read yet');
    const looking = wheneverBack({ bus, clock, random, look: () => this.#look(), onError });
    signal.addEventListener('abort', () => {
      unlisten();
      void looking.stop();
    });
  }

  get isCertain(): boolean {
    return !this.#doubt.signal.aborted;
  }

  /** Fires with the first doubt from now on; has fired where there is one. */
  get doubted(): AbortSignal {
    return this.#doubt.signal;
  }

  /** Resolves when nothing is in doubt, and when the signal fires. */
  certain(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.isCertain || signal.aborted) return resolve();
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async #look(): Promise<void> {
    const changes = this.#changes;
    try {
      await lookBack(this.#options);
    } catch (error) {
      if (!isRegress(error)) throw error;
      return this.#regress.abort(error);
    }
    await this.#lookAtTaken();
    // Else the next look is asked for already.
    if (changes !== this.#changes) return;
    this.#doubt = new AbortController();
    for (const done of this.#waiting) done();
  }

  /** Throws where it is gone, so that it is looked at again, until nobody holds it any more. */
  async #lookAtTaken(): Promise<void> {
    const { cursor, taken, onTakenGone } = this.#options;
    const watermark = taken();
    if (sameFields(watermark, cursor().watermark)) return;
    try {
      await checkedStanding({ ...cursor(), watermark }, { ...this.#options, isBehind: () => Promise.resolve(false) });
    } catch (error) {
      if (isRegress(error)) onTakenGone(error);
      throw error;
    }
  }
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * The log for whoever writes to it: in doubt an append waits, and where that takes too long it fails, as one that was not
 * answered does.
 */
export function appendedInCertainty(log: LogPort, standing: Standing, { clock, signal }: Waiting): LogPort {
  const append: LogPort['append'] = async (options) => {
    const { timeoutMs } = options;
    const what = 'a look at what NATS came back with';
    await underDeadline({ clock, timeoutMs, what, signal }, (over) => standing.certain(over));
    if (standing.isCertain) return log.append(options);
    const message = `nothing is appended before ${what}`;
    throw new Failure({ code: 'unavailable', retryable: true, message });
  };
  return { ...log, append: (options) => (standing.isCertain ? log.append(options) : append(options)) };
}

/** Until what was folded is seen to be there. Only a record that has consumed more excuses a command that is not. */
async function lookBack({ cursor, ...options }: KeptStandingOptions): Promise<void> {
  const { log, clock, timeoutMs, signal } = options;
  for (;;) {
    const seen = cursor();
    const isBehind = async () => {
      const last = await log.lastSequence(timeoutMs);
      while (cursor().sequence < last) await pause({ clock, delayMs: lookAgainMs, signal });
      return !sameFields(cursor().watermark, seen.watermark);
    };
    if ((await checkedStanding(seen, { ...options, isBehind })) !== undefined) return;
  }
}

function isRegress(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'log-regressed';
}
