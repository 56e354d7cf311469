/** Waits until a gateway has nothing in flight, as far as it can tell. */
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';

/** Readings in a row: one may fall between two requests of a keep-alive client. */
const readingsMin = 3;
const readingPauseMs = 50;

export interface IdleWaitOptions {
  readonly inFlight: () => number | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What is still in flight: 0 unless the time ran out; undefined: nobody can tell. Rejects with `aborted`. */
export async function waitIdle({ inFlight, clock, timeoutMs, signal }: IdleWaitOptions): Promise<number | undefined> {
  const deadlineAt = clock.monotonic() + timeoutMs;
  for (let readings = 0; readings < readingsMin; ) {
    readings = inFlight() === 0 ? readings + 1 : 0;
    if (clock.monotonic() >= deadlineAt) return inFlight();
    if (readings < readingsMin) await pause({ clock, delayMs: readingPauseMs, signal });
  }
  return 0;
}
