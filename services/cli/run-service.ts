/**
 * Runs one service as this process: two-stage signals, an end when the service ends, and an end when the `up` that
 * started it dies, which is noticed by its IPC channel closing.
 */
import { Failure } from '../../src/std/failure.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { complaintOfThrown, createOutput } from './output.ts';
import type { GlobalOptions } from './target.ts';
import { onTwoSignals } from './two-signals.ts';

export interface RunningService {
  /** Settles when the service ends, by `stop` or by itself; rejects with why it could not go on. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** What a child tells `up` once it works. */
export interface ReadyMessage {
  readonly status: 'ready';
}

/** The longest drain in common use is 30 s; after it and a little more, stopping is stuck. */
const stopTimeoutMs = 45_000;
/** A start that hangs on something far away, after it was asked to stop. */
const startTimeoutMs = 15_000;
/** Set in the environment of a child of `up`: its parent may be dead before it has come to listen for that. */
export const childMark = 'MUSTER_STARTED_BY_UP';
/** The parent is dead and so is its fleet: there is nothing left to drain for; a balancer takes 8 s with its HAProxy. */
const orphanStopTimeoutMs = 10_000;

export interface RunServiceOptions {
  readonly global: GlobalOptions;
  readonly natsUrl: string;
  readonly start: () => Promise<RunningService>;
}

/** Ends the process itself: whatever a service left open must not keep it alive. */
export async function runService({ global, natsUrl, start }: RunServiceOptions): Promise<never> {
  const output = createOutput(global);
  const stopping = stopRequested();
  let exitCode: ExitCode = exitCodes.done;
  try {
    const starting = start();
    // A start under way is waited for: cut off in the middle it could leave something behind.
    const early = await Promise.race([starting.then(() => undefined), stopping]);
    if (early !== undefined) giveUpAfter(early === 'orphaned' ? orphanStopTimeoutMs : startTimeoutMs);
    const service = await starting;
    tellReady();
    const cause = await Promise.race([stopping, service.ended.then(() => 'ended' as const)]);
    if (cause !== 'ended') await stopWithin(service, cause === 'orphaned' ? orphanStopTimeoutMs : stopTimeoutMs);
  } catch (caught) {
    const { complaint, exitCode: earned } = complaintOfThrown(caught, natsUrl);
    output.complain(complaint);
    exitCode = earned;
  }
  process.exit(exitCode);
}

async function stopWithin(service: RunningService, timeoutMs: number): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const message = `the service did not stop in ${timeoutMs} ms`;
    setTimeout(() => reject(new Failure({ code: 'timeout', retryable: false, message })), timeoutMs).unref();
  });
  await Promise.race([Promise.all([service.stop(), service.ended]), late]);
}

type StopCause = 'signal' | 'orphaned';

/** What asks the service to stop first: a signal, or the end of the `up` that started it. */
function stopRequested(): Promise<StopCause> {
  return new Promise((resolve) => {
    onTwoSignals({ stop: () => resolve('signal'), force: () => process.exit(exitCodes.failed) });
    if (process.env[childMark] === undefined) return;
    if (!process.connected) return resolve('orphaned');
    process.once('disconnect', () => {
      giveUpAfter(orphanStopTimeoutMs);
      resolve('orphaned');
    });
  });
}

/** What never ends must not keep us: neither a start that hangs nor a stop. */
function giveUpAfter(ms: number): void {
  setTimeout(() => process.exit(exitCodes.failed), ms);
}

function tellReady(): void {
  const ready: ReadyMessage = { status: 'ready' };
  if (process.connected) process.send?.(ready);
}
