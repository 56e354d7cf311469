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
  const isBehind = async () => (await options.log.lastSequence(options.timeoutMs)) > cursor.sequence;
  return checkedStanding(cursor, { ...options, isBehind });
}

interface CheckedOptions extends StandingOptions {
  /** Whether somebody may have consumed more than the cursor says. */
  readonly isBehind: () => Promise<boolean>;
}

async function checkedStanding(cursor: ChainCursor, options: CheckedOptions): Promise<Watermark | undefined> {
  const { bus, log, commands, timeoutMs, isBehind } = options;
  const checked = await persistent(options, async () => {
    await checkSeen(cursor, log, timeoutMs);
    return checkOwnWatermark({ bus, stream: commands, watermark: cursor.watermark, isBehind });
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
export function wheneverBack({ bus, look: work, ...options }: BackOptions): { stop(): Promise<void> } {
  const runner = new ExclusiveRunner({ ...options, work, backoff });
  const unlisten = bus.onConnection((status) => {
    if (status === 'connected') runner.poke();
  });
  return {
    stop: () => {
      unlisten();
      return runner.stop();
    },
  };
}

export interface ReturnsOptions extends StandingOptions {
  /** Where the fold stands now: it goes on meanwhile. */
  readonly cursor: () => ChainCursor;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Looks whenever NATS is back, until the signal fires. What comes back fires with `log-regressed`, or never. */
export function watchReturns(options: ReturnsOptions): AbortSignal {
  const { bus, clock, random, logger, signal } = options;
  const regressed = new AbortController();
  const look = () =>
    lookBack(options).catch((error: unknown) => {
      if (!isRegress(error)) throw error;
      regressed.abort(error);
    });
  const onError = (error: unknown) => logger.warn({ error }, 'what NATS came back with cannot be read yet');
  const looking = wheneverBack({ bus, clock, random, look, onError });
  signal.addEventListener('abort', () => void looking.stop());
  return regressed.signal;
}

/** Until what was folded is seen to be there. Only a record that has consumed more excuses a command that is not. */
async function lookBack({ cursor, ...options }: ReturnsOptions): Promise<void> {
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
