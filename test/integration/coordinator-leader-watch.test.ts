/** When a standby tries to lead, by what it hears: played on a real bus, with times of the test's choice. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LeaderWatch } from '../../src/coordinator/leader-watch.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { newFleet } from '../support/coordinators.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

/** Long beside a round trip, so that which of two waits ended a try is plain. */
const timing = { ...defaultTiming(1), missedBeatMs: 900, electionJitterMs: 0, hesitationStepMs: 350 };

let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let watch: LeaderWatch;
let hesitating: number;
/** Somebody answers for the leader: without, a watch need not wait for beats. */
let leading: { unsubscribe(): void } | undefined;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'tester');
});
afterAll(async () => {
  await bus?.close();
  await nats?.stop();
});
beforeEach(() => {
  fleet = newFleet();
  hesitating = 0;
  const hesitationSteps = () => hesitating;
  watch = new LeaderWatch({ bus, fleet, instance: 'us', clock: systemClock, random: () => 0, timing, hesitationSteps });
  leading = bus.subscribe({
    subject: subjects.leader(fleet),
    onMessage: (message) => void message.respond(new Uint8Array(1)),
  });
});
afterEach(() => {
  watch.stop();
  leading?.unsubscribe();
});

function beat(term: number, leaving = false): void {
  const data = encodeMessage({ log: 'a'.repeat(24), term, position: 1, instance: 'they', leaving });
  bus.publish({ subject: subjects.leaderBeat(fleet), data });
}

async function timeToTry(act: () => void = () => {}): Promise<number> {
  const beganAt = performance.now();
  const trying = watch.timeToTry(1, new AbortController().signal);
  await bus.flush();
  act();
  await trying;
  return performance.now() - beganAt;
}

describe('a standby', () => {
  it('tries at once where nobody answers for the leader, but after its hesitation', async () => {
    leading?.unsubscribe();
    await bus.flush();
    expect(await timeToTry()).toBeLessThan(600);
    hesitating = 2;
    expect(await timeToTry()).toBeGreaterThanOrEqual(700);
  });

  it('tries at once when the leader leaves, else when its beats were missed', async () => {
    expect(await timeToTry(() => beat(1, true))).toBeLessThan(600);
    expect(await timeToTry(() => beat(1))).toBeGreaterThanOrEqual(timing.missedBeatMs);
  });

  it('believes neither the life nor the leaving of a leader that was overtaken', async () => {
    watch.sawTerm(2);
    expect(await timeToTry(() => beat(1, true))).toBeGreaterThanOrEqual(timing.missedBeatMs);
  });

  it('waits for one that was elected while it was about to try, though it has not beaten yet', async () => {
    const elected = timeToTry(() => {
      beat(1, true);
      watch.sawTerm(2);
    });
    expect(await elected).toBeGreaterThanOrEqual(timing.missedBeatMs);
  });
});
