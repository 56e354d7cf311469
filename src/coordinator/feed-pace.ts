/**
 * How fast the feed goes while commands come: each of its messages is stored, and with `sync_interval: always` synced,
 * by the server and on the disk that the log's next append waits for. Runs short enough to be let pass, and pauses
 * between them as long as the log is being written; at full speed when it is not. Pure.
 */
import { publishesMax } from './timing.ts';

/** What one run may take: an append that came just behind it waits no longer. */
const runTargetMs = 20;
/** However slow the disk is, the feed goes on. */
const runMin = 16;
/** Pauses to runs: the feed has a fifth of the time while commands come. Measured: with no pause they came at half the rate. */
const pausesPerRun = 4;
/** A run that was held up by something else is no reason to wait for long. */
const pauseMaxMs = 200;
/** Later than this it gives way to nobody: commands that keep coming would leave it behind for ever. */
const lateMaxMs = 1_000;

export class FeedPace {
  #runMax = 64;

  /** Events in the next run, at most. */
  get runMax(): number {
    return this.#runMax;
  }

  /** After a run: how long to leave the log alone. `isBusy`: events were appended while it went. */
  pauseAfter({ events, tookMs, lateMs, isBusy }: FeedRun): number {
    const fitting = Math.round((events * runTargetMs) / Math.max(1, tookMs));
    // By half or double at most: one run that was held up says little.
    this.#runMax = clamp(clamp(fitting, this.#runMax / 2, this.#runMax * 2), runMin, publishesMax);
    return isBusy && lateMs < lateMaxMs ? Math.min(pauseMaxMs, tookMs * pausesPerRun) : 0;
  }
}

export interface FeedRun {
  readonly events: number;
  readonly tookMs: number;
  /** How long ago the newest of them was acknowledged: what the log holds but the feed does not. */
  readonly lateMs: number;
  readonly isBusy: boolean;
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(most, Math.max(least, value)));
}
