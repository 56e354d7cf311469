import { describe, expect, it } from 'vitest';
import { FeedPace } from '../../src/coordinator/feed-pace.ts';

/** Runs one after another, each event taking so long; how many the last may hold, and how long it is paused for. */
function paced(runs: number, msPerEvent: number, { isBusy = true, lateMs = 0 } = {}) {
  const pace = new FeedPace();
  let pauseMs = 0;
  for (let run = 0; run < runs; run += 1) {
    const events = pace.runMax;
    pauseMs = pace.pauseAfter({ events, tookMs: events * msPerEvent, lateMs, isBusy });
  }
  return { runMax: pace.runMax, pauseMs };
}

describe('the pace of the feed', () => {
  it('holds runs to some 20 ms where each event is synced, and leaves the log four times as long', () => {
    expect(paced(10, 1)).toEqual({ runMax: 20, pauseMs: 80 });
  });

  it('takes all that may be under way at once where storing is quick', () => {
    expect(paced(10, 0.01).runMax).toBe(512);
  });

  it('never stops, and pauses no longer than a fifth of a second, on the slowest disk', () => {
    expect(paced(20, 1_000)).toEqual({ runMax: 16, pauseMs: 200 });
  });

  it('does not pause once nothing is appended any more', () => {
    expect(paced(10, 1, { isBusy: false }).pauseMs).toBe(0);
  });

  it('gives way no more once it is a second late, so that commands that keep coming cannot leave it behind', () => {
    expect(paced(10, 1, { lateMs: 999 }).pauseMs).toBe(80);
    expect(paced(10, 1, { lateMs: 1_000 }).pauseMs).toBe(0);
  });

  it('is not thrown off by one run that was held up', () => {
    const pace = new FeedPace();
    for (let run = 0; run < 10; run += 1) pace.pauseAfter({ events: pace.runMax, tookMs: 1, lateMs: 0, isBusy: true });
    const before = pace.runMax;
    pace.pauseAfter({ events: before, tookMs: 10_000, lateMs: 0, isBusy: true });
    expect(pace.runMax).toBe(before / 2);
  });
});
