/** How far a long reading is, told about once a second: a person who waits sees that it moves. */
import type { Position } from '../../schemas/ids.ts';
import type { Clock } from '../std/clock.ts';

export interface Progress {
  readonly records: number;
  readonly position: Position;
}

export interface ProgressOptions {
  readonly clock: Clock;
  readonly onProgress: (progress: Progress) => void;
}

const intervalMs = 1_000;

/** To be called after each record; nothing is said of what is over within the first second. */
export function progressTeller(options: ProgressOptions | undefined): (position: Position) => void {
  if (options === undefined) return () => undefined;
  const { clock, onProgress } = options;
  let records = 0;
  let toldAt = clock.monotonic();
  return (position) => {
    records += 1;
    const now = clock.monotonic();
    if (now - toldAt < intervalMs) return;
    toldAt = now;
    onProgress({ records, position });
  };
}
