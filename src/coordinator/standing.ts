/**
 * Whether NATS still holds what was folded: the log up to where we stand, and the commands it consumed. To be asked before
 * leading, and whenever NATS was away: a server that lost its power may come back with less than it had acknowledged,
 * and a reader that waits for the next record, or the next command, never hears of it.
 */
import type { ChainCursor } from '../eventlog/chain.ts';
import { checkSeen } from '../eventlog/high-mark.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Bus } from '../nats/bus.ts';
import type { BackoffPolicy } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { ExclusiveRunner } from '../std/exclusive-runner.ts';
import { Failure } from '../std/failure.ts';
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
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const lookAgainMs = 1_000;
const backoff: BackoffPolicy = { firstMs: 200, longestMs: 5_000 };

/**
 * The watermark to read commands from; undefined where somebody else has consumed more. Throws `log-regressed`, and what
 * asking throws.
 */
export async function checkStanding(cursor: ChainCursor, options: StandingOptions): Promise<Watermark | undefined> {
  const { bus, log, commands, timeoutMs } = options;
  return persistent(options, async () => {
    await checkSeen(cursor, log, timeoutMs);
    const isBehind = async () => (await log.lastSequence(timeoutMs)) > cursor.sequence;
    return checkOwnWatermark({ bus, stream: commands, watermark: cursor.watermark, isBehind });
  });
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

export interface ReturnsOptions extends StandingOptions {
  readonly cursor: () => ChainCursor;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Looks whenever NATS is back, until the signal fires. Resolves with `log-regressed`, or never. */
export function untilRegressed({ cursor, random, logger, ...options }: ReturnsOptions): Promise<Failure> {
  const { bus, clock, signal } = options;
  return new Promise((resolve) => {
    const work = async () => {
      if (signal.aborted) return;
      await checkStanding(cursor(), options).catch((error: unknown) => {
        if (!isRegress(error)) throw error;
        resolve(error);
      });
    };
    const onError = (error: unknown) => logger.warn({ error }, 'what NATS came back with cannot be read yet');
    const runner = new ExclusiveRunner({ work, clock, random, backoff, onError });
    const unlisten = bus.onConnection((status) => {
      if (status === 'connected') runner.poke();
    });
    signal.addEventListener('abort', () => {
      unlisten();
      void runner.stop();
    });
  });
}

function isRegress(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'log-regressed';
}
