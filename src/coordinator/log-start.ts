/**
 * What a start reads: a snapshot that the log confirms, the log from there to its head, and whether the log is as new as
 * what was seen of it. Streams that have no leader at the moment have one within seconds, so what may pass is waited out.
 */
import type { ChainCursor } from '../eventlog/chain.ts';
import type { HighMark } from '../eventlog/high-mark.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import { backoffMs } from '../std/backoff.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Event } from '../../schemas/events.ts';
import { FleetFold, foldToHead } from './fleet-fold.ts';
import { restore } from './snapshots.ts';
import { persistent } from './standing.ts';

export interface LogStartOptions {
  readonly log: LogPort;
  readonly snapshots: ObjectBucket;
  readonly highMark: HighMark;
  readonly storeTimeoutMs: number;
  readonly regressPatienceMs: number;
  readonly onFolded: (events: readonly Event[]) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface LogStart {
  readonly fold: FleetFold;
  /** Where the fold began: what is behind it was not read. */
  readonly snapshot: ChainCursor;
}

/** Past it there is more wrong than an election, and whoever started us should hear of it. */
const patienceMs = 30_000;
const backoff = { firstMs: 200, longestMs: 2_000 };

/** Fails with what is wrong with the log, at once; with what may pass, once it has not. */
export async function readToHead(options: LogStartOptions): Promise<LogStart> {
  const { clock, random, logger } = options;
  const deadlineAt = clock.monotonic() + patienceMs;
  for (let failures = 1; ; failures += 1) {
    try {
      return await readOnce(options);
    } catch (error) {
      const delayMs = backoffMs(backoff, failures, random());
      if (!(error instanceof Failure) || !error.retryable || clock.monotonic() + delayMs > deadlineAt) throw error;
      logger.warn({ code: error.code, reason: error.message }, 'the log cannot be read yet');
      await pause({ clock, delayMs });
    }
  }
}

async function readOnce(options: LogStartOptions): Promise<LogStart> {
  const { log, snapshots: bucket, highMark, storeTimeoutMs, regressPatienceMs, clock, onFolded, logger } = options;
  const { cursor, state } = await restore({ bucket, log, logger });
  const fold = new FleetFold({ cursor, state, logger, onFolded });
  const { signal } = new AbortController();
  await persistent({ patienceMs: regressPatienceMs, clock }, async () => {
    await foldToHead(fold, { log, clock, timeoutMs: storeTimeoutMs, signal });
    await highMark.check(log, storeTimeoutMs, fold.state.recovered);
  });
  logger.info({ position: fold.cursor.position, snapshot: cursor.position }, 'log read');
  return { fold, snapshot: cursor };
}
