import { describe, expect, it } from 'vitest';
import { ProjectFailure } from '../../schemas/events.ts';
import { HealthReadings } from '../../src/agent/health-readings.ts';
import { syncAttemptsMax, Tries } from '../../src/agent/tries.ts';

const failing = (text: string) => [ProjectFailure.parse({ project: 'hello', version: '1.0.0', text })];

describe('the tries of a directive', () => {
  it('are bounded, wait longer each time up to a bound, and begin afresh', () => {
    const tries = new Tries(() => 0.999_999);
    const row = () => Array.from({ length: syncAttemptsMax }, () => tries.fail());
    const first = row();
    expect(first.map((ms) => (ms === undefined ? ms : Math.round(ms)))).toEqual([
      1_000,
      2_000,
      4_000,
      8_000,
      undefined,
    ]);
    expect(tries.fail(), 'a try too many').toBeUndefined();
    tries.startAfresh();
    expect(row()).toEqual(first);
  });

  it('never wait for nothing, whatever the jitter', () => {
    expect(new Tries(() => 0).fail()).toBe(500);
  });

  it('say the same in the same words where only times and process ids differ, and say what is new', () => {
    const tries = new Tries(() => 0);
    const text = 'nginx[41234] 12:03:44 refused after 1.25 s';
    expect(tries.steady(failing(text))).toEqual(failing(text));
    expect(tries.steady(failing('nginx[9] 12:03:44 refused'))).toEqual(failing('nginx[9] 12:03:44 refused'));
    tries.startAfresh();
    tries.steady(failing(text));
    expect(tries.steady(failing('nginx[51111] 12:04:01 refused after 2.5 s'))).toEqual(failing(text));
    expect(tries.steady(failing('GET / answered 500'))).toEqual(failing('GET / answered 500'));
    expect(tries.steady(failing('GET / answered 503'))).toEqual(failing('GET / answered 503'));
  });
});

describe('the health of a gateway', () => {
  it('takes three failed readings in a row to end and two that passed to come back', () => {
    const readings = new HealthReadings();
    const take = (passed: boolean) => {
      readings.take(passed);
      return readings.healthy;
    };
    expect([false, false, true, false, false, false].map(take)).toEqual([true, true, true, true, true, false]);
    expect([true, false, true, true].map(take)).toEqual([false, false, false, true]);
  });

  it('is in doubt while the last readings speak against it', () => {
    const readings = new HealthReadings();
    expect(readings.isInDoubt).toBe(false);
    expect(readings.take(false)).toBe(false);
    expect(readings.isInDoubt).toBe(true);
    readings.take(false);
    expect(readings.take(false)).toBe(true);
    expect(readings.isInDoubt).toBe(false);
  });
});
