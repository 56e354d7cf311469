/** Waits until a gateway has nothing in flight, as far as it can tell. */
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import type { Driver } from './driver.ts';

/** Readings in a row: one may fall between two requests of a keep-alive client. */
const readingsMin = 3;
const readingPauseMs = 50;

export interface IdleWaitOptions {
  readonly driver: Pick<Driver, 'inFlight'>;
  /** The fleet has waited, by what others count or for its deadline: enough where nobody here can count. */
  readonly fleetWaited: boolean;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What is still in flight: 0 unless the time ran out; undefined: nobody can tell. Rejects with `aborted`. */
export async function waitIdle(options: IdleWaitOptions): Promise<number | undefined> {
  const { driver, fleetWaited, clock, timeoutMs, signal } = options;
  if (fleetWaited && driver.inFlight() === undefined) return 0;
  const deadlineAt = clock.monotonic() + timeoutMs;
  for (let readings = 0; readings < readingsMin; ) {
    readings = driver.inFlight() === 0 ? readings + 1 : 0;
    if (clock.monotonic() >= deadlineAt) return driver.inFlight();
    if (readings < readingsMin) await pause({ clock, delayMs: readingPauseMs, signal });
  }
  return 0;
}
