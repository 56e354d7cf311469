import { describe, expect, it } from 'vitest';
import type { FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import type { Beat } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { Observations } from '../../src/coordinator/observations.ts';
import { trafficRate } from '../../src/projections/traffic-rate.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { FakeBus, ManualClock } from './client/fake-bus.ts';

const fleet = 'main' as FleetId;
const server = 'web1' as ServerId;
const stamp = { term: 1, position: 1 };
const member = { group: 'edge' as GroupId } as never;

/** One server that has answered ten requests more by each of its beats. */
function heard() {
  const [bus, clock] = [new FakeBus(), new ManualClock()];
  const observations = new Observations({ bus: bus.asBus(), fleet, clock, logger: silentLogger });
  observations.start();
  let requests = 0;
  const beats = async (count: number, everyMs: number) => {
    for (let beat = 0; beat < count; beat += 1) {
      await clock.advance(everyMs);
      requests += 10;
      const answered = { requests, errors: 0, latencyMs: 0 };
      const said: Beat = {
        ...{ server, instance: 'i', log: 'log-of-test' as LogId, assignment: stamp, directive: stamp },
        ...{ healthy: true, answered },
      };
      bus.deliver(subjects.beat(fleet, server), encodeMessage(said));
    }
  };
  const rate = () => trafficRate({ member, lost: null }, observations.observed.serverById.get(server));
  return { observations, clock, beats, rate };
}

describe('the request rate of a server that is silent', () => {
  it('is not known any more once its last seconds are over, long before a long lease is', async () => {
    const { observations, clock, beats, rate } = heard();
    await beats(5, 1_000);
    expect(rate()).toMatchObject({ requestsPerSecond: 10 });
    await clock.advance(4_000);
    expect(rate()).toMatchObject({ requestsPerSecond: 10 });
    await clock.advance(3_000);
    expect(rate()).toBeNull();
    await beats(2, 1_000);
    expect(rate()).toMatchObject({ requestsPerSecond: 10 });
    observations.stop();
  });

  it('is kept from one beat to the next where its lease lets it beat slowly, and one may be late', async () => {
    const { observations, clock, beats, rate } = heard();
    await beats(3, 10_000);
    await clock.advance(19_000);
    expect(rate()).toMatchObject({ requestsPerSecond: 1 });
    await clock.advance(10_000);
    expect(rate()).toBeNull();
    observations.stop();
    expect(clock.timers).toBe(0);
  });
});
