/** Requests a second: known only where gateways count them, and of now. */
import { describe, expect, it } from 'vitest';
import type { AnsweredReading } from '../../../src/projections/observed.ts';
import { groupTraffic, trafficRate, withReading } from '../../../src/projections/traffic-rate.ts';
import { Fleet, production, serverId } from './given.ts';

const member = { group: production } as never;
const well = { member, lost: null };

function reading(seconds: number, requests: number, errors = 0, latencyMs = 0): AnsweredReading {
  return { at: seconds * 1_000, requests, errors, latencyMs };
}

function heard(...readings: readonly AnsweredReading[]) {
  let answered: readonly AnsweredReading[] | undefined;
  for (const each of readings) answered = withReading(answered, each);
  return { answered, beat: null, seenAt: 0, receipt: null, receiptAt: 0, idleReadings: 0, unwellReadings: 0 };
}

describe('the rate of a server', () => {
  it('is what it answered between its heartbeats', () => {
    const seen = heard(reading(0, 100, 5, 1_000), reading(1, 110, 6, 1_040), reading(2, 120, 7, 1_100));
    expect(trafficRate(well, seen)).toEqual({ requestsPerSecond: 10, errorsPerSecond: 1, latencyMs: 5 });
  });

  it('is of the last seconds, however long it has gone on', () => {
    const busy = Array.from({ length: 60 }, (_, second) => reading(second, second * 1_000));
    const quiet = Array.from({ length: 6 }, (_, second) => reading(60 + second, 60_000));
    const seen = heard(...busy, ...quiet);
    expect(trafficRate(well, seen)).toMatchObject({ requestsPerSecond: 0, latencyMs: null });
    expect(seen.answered?.length).toBeLessThanOrEqual(8);
  });

  it('is of the last seconds however close together beats come, as under a short lease and while draining', () => {
    const busy = Array.from({ length: 40 }, (_, quarter) => reading(quarter / 4, quarter * 250));
    const quiet = Array.from({ length: 40 }, (_, quarter) => reading(10 + quarter / 4, 10_000));
    expect(trafficRate(well, heard(...busy))?.requestsPerSecond).toBeCloseTo(1_000, 0);
    const seen = heard(...busy, ...quiet);
    expect(trafficRate(well, seen)).toMatchObject({ requestsPerSecond: 0, latencyMs: null });
    expect(seen.answered?.length).toBeLessThanOrEqual(13);
  });

  it('goes on from pace to pace: beats that come close together count once', () => {
    const draining = Array.from({ length: 40 }, (_, quarter) => reading(quarter / 4, quarter * 5));
    expect(trafficRate(well, heard(...draining))?.requestsPerSecond).toBeCloseTo(20, 0);
    const slow = [0, 10, 20, 30].map((second) => reading(second, second * 3));
    expect(trafficRate(well, heard(...slow))?.requestsPerSecond).toBe(3);
  });

  it('is not known by one reading, of one that began to count anew, nor of who has none or is silent', () => {
    expect(trafficRate(well, undefined)).toBeNull();
    expect(trafficRate(well, heard(reading(0, 100)))).toBeNull();
    expect(trafficRate(well, heard(reading(0, 100), reading(1, 200), reading(2, 3)))).toBeNull();
    const seen = heard(reading(0, 100), reading(2, 200));
    expect(trafficRate({ member: null, lost: null }, seen)).toBeNull();
    expect(trafficRate({ member, lost: {} as never }, seen)).toBeNull();
  });
});

describe('the traffic of a group', () => {
  it('is the sum over those that can tell, and says how many they are', () => {
    const fleet = new Fleet();
    for (const server of ['a', 'b', 'c']) {
      fleet.register(server);
      fleet.join(server);
    }
    fleet.observed.serverById.set(serverId('a'), heard(reading(0, 0, 0, 0), reading(2, 60, 6, 600)));
    fleet.observed.serverById.set(serverId('b'), heard(reading(0, 0, 0, 0), reading(2, 20, 0, 40)));
    const group = fleet.state.groupById.get(production);
    if (group === undefined) throw new Error('production is there');
    expect(groupTraffic(fleet.state, fleet.observed, group)).toEqual({
      group: production,
      servers: 3,
      inFlight: null,
      inFlightKnown: 0,
      rate: { requestsPerSecond: 40, errorsPerSecond: 3, latencyMs: 8 },
      rateKnown: 2,
    });
  });
});
