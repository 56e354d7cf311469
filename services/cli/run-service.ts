/**
 * Runs one service as this process: two-stage signals, an end when the service ends, and an end when the `up` that
 * started it dies, which is noticed by its IPC channel closing.
 */
import { once } from 'node:events';
import { Failure } from '../../src/std/failure.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { complaintOfThrown, createOutput } from './output.ts';
import type { GlobalOptions } from './target.ts';

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
  const stopping = new StopRequests();
  let exitCode: ExitCode = exitCodes.done;
  try {
    const service = await start();
    tellReady();
    const cause = await Promise.race([stopping.first, service.ended.then(() => 'ended' as const)]);
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

/** The first request stops, a second signal forces. */
class StopRequests {
  readonly first: Promise<StopCause>;
  #requested = false;

  constructor() {
    this.first = new Promise((resolve) => {
      const onSignal = () => {
        if (this.#requested) process.exit(exitCodes.failed);
        this.#requested = true;
        resolve('signal');
      };
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
      if (process.channel === undefined) return;
      void once(process, 'disconnect').then(() => {
        // A start that never ends must not outlive its parent either.
        setTimeout(() => process.exit(exitCodes.failed), orphanStopTimeoutMs);
        this.#requested = true;
        resolve('orphaned');
      });
    });
  }
}

function tellReady(): void {
  const ready: ReadyMessage = { status: 'ready' };
  if (process.channel !== undefined) process.send?.(ready);
}
