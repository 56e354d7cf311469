import { describe, expect, it } from 'vitest';
import { PendingRequests } from '../../src/nats/pending.ts';
import type { Clock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';

/** A clock moved by hand; `timers` are those still set. */
function handClock() {
  let nowMs = 1_000;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after(delayMs, run) {
      const timer = { at: nowMs + delayMs, run };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    soon: (run) => void setImmediate(run),
  };
  const advance = (ms: number) => {
    const end = nowMs + ms;
    for (;;) {
      const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers.delete(due);
      nowMs = due.at;
      due.run();
    }
    nowMs = end;
  };
  return { clock, timers, advance };
}

function setUp() {
  const hand = handClock();
  const late = () => new Failure({ code: 'timeout', retryable: true, message: 'late' });
  const pending = new PendingRequests<string>(hand.clock, late);
  const told: string[] = [];
  const add = (name: string, timeoutMs: number) =>
    pending.add({
      subject: name,
      timeoutMs,
      onReply: (reply) => told.push(`${name} ${reply}`),
      onFailure: (failure) => told.push(`${name} ${failure.code}`),
    });
  return { ...hand, pending, told, add };
}

describe('pending requests', () => {
  it('fail each at its own deadline, never before, at most a tick late', () => {
    const { add, told, advance } = setUp();
    add('slow', 1_000);
    add('quick', 100);
    advance(99);
    expect(told).toEqual([]);
    advance(61);
    expect(told).toEqual(['quick timeout']);
    advance(1_000);
    expect(told).toEqual(['quick timeout', 'slow timeout']);
  });

  it('settle once: an answer that comes after the deadline finds nobody', () => {
    const { add, told, advance, pending } = setUp();
    const token = add('a', 100);
    const answered = add('b', 100);
    pending.take(answered)?.onReply('yes');
    advance(500);
    expect(pending.take(token)).toBeUndefined();
    expect(told).toEqual(['b yes', 'a timeout']);
  });

  it('fail all at once, or all of one subject', () => {
    const { add, told, pending } = setUp();
    add('a', 100);
    add('b', 100);
    add('a', 100);
    const failure = new Failure({ code: 'disconnected', retryable: true, message: 'gone' });
    pending.fail(failure, 'a');
    expect(told).toEqual(['a disconnected', 'a disconnected']);
    pending.fail(failure);
    expect(told).toHaveLength(3);
    expect(pending.size).toBe(0);
  });

  it('hold no timer while nothing waits', () => {
    const { add, timers, advance, pending } = setUp();
    pending.take(add('a', 100_000))?.onReply('yes');
    expect(timers.size).toBe(1);
    advance(100);
    expect(timers.size).toBe(0);
    add('b', 100);
    expect(timers.size).toBe(1);
  });
});
