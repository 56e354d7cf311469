/** Several coordinators of one fleet: whatever becomes of the one that leads, another goes on, and nothing is lost. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectMuster, type Muster, type SendOutcome } from '../../src/client/index.ts';
import type { Timing } from '../../src/coordinator/timing.ts';
import type { Bus } from '../../src/nats/bus.ts';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import { CoordinatorProcesses } from '../support/coordinator-processes.ts';
import { newFleet } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { readWholeLog } from '../support/log-reading.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { ReplicaWatch } from '../support/replica-watch.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** A quarter of the times in earnest, in the same proportions. */
const timing: Partial<Timing> = {
  leaderBeatMs: 250,
  missedBeatMs: 1_000,
  electionJitterMs: 100,
  hesitationStepMs: 50,
  rebalanceMs: 1_000,
};

let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let muster: Muster;
let processes: CoordinatorProcesses;
let watch: ReplicaWatch;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'observer');
  watch = new ReplicaWatch(bus, 3 * (timing.leaderBeatMs as number));
});
afterAll(async () => {
  watch?.stop();
  await bus?.close();
  await nats?.stop();
});
beforeEach(async () => {
  fleet = newFleet();
  muster = await connectMuster({ url: nats.url, fleet, principal: 'alice' });
  processes = new CoordinatorProcesses({ url: nats.url, fleets: [fleet], timing });
});
afterEach(async () => {
  await processes.stop();
  await muster.close();
});

/** Creates groups one after the other until told to stop; every outcome must be an acceptance. */
function keepAsking(): { finish(): Promise<readonly SendOutcome[]>; readonly count: number } {
  let isOver = false;
  const outcomes: SendOutcome[] = [];
  const asking = (async () => {
    while (!isOver) outcomes.push(await muster.send('group.create', { group: `g${outcomes.length}` as GroupName }));
  })();
  return {
    get count() {
      return outcomes.length;
    },
    async finish() {
      isOver = true;
      await asking;
      return outcomes;
    },
  };
}

/** Each accepted once, where its outcome said; nothing of another term among those of a later one. */
async function expectBooksToBalance(outcomes: readonly SendOutcome[]): Promise<void> {
  const { events, records } = await readWholeLog(bus, fleet);
  for (const outcome of outcomes) {
    if (outcome.status !== 'accepted') throw new Error(JSON.stringify(outcome));
    expect(events[outcome.position - 1]).toEqual(outcome.event);
  }
  expect(events.filter(({ type }) => type === 'group.created')).toHaveLength(outcomes.length);
  const terms = records.map(({ term }) => term);
  expect(terms).toEqual([...terms].sort((a, b) => a - b));
}

describe('a leader that is killed', () => {
  it('is followed by one that stood by, and every command has its one effect', async () => {
    const first = await processes.start('first');
    await watch.untilLeads(fleet, 'first');
    await processes.start('second');
    const asking = keepAsking();
    await eventually(() => asking.count > 20, { what: 'commands' });
    await first.kill('SIGKILL');
    const leader = await watch.untilLeads(fleet, 'second');
    expect(leader.term).toBe(2);
    const before = asking.count;
    await eventually(() => asking.count > before + 20, { what: 'commands after the failover' });
    await expectBooksToBalance(await asking.finish());
  });
});

describe('a leader that is stopped in order', () => {
  it('hands over at once, with commands under way', async () => {
    const first = await processes.start('first');
    await watch.untilLeads(fleet, 'first');
    await processes.start('second');
    const asking = keepAsking();
    await eventually(() => asking.count > 20, { what: 'commands' });
    await first.kill('SIGTERM');
    expect(first.process.exitCode).toBe(0);
    const before = asking.count;
    await eventually(() => asking.count > before + 20, { what: 'commands after the hand-over' });
    const outcomes = await asking.finish();
    await expectBooksToBalance(outcomes);
    const { events } = await readWholeLog(bus, fleet);
    const at = events.findIndex(
      ({ type, data }) => type === 'coordinator.elected' && 'term' in data && data.term === 2,
    );
    const gapMs = (events[at]?.at ?? 0) - (events[at - 1]?.at ?? 0);
    // Without a hand-over the missed beats alone take longer.
    expect(gapMs).toBeLessThan(timing.missedBeatMs as number);
  });
});

describe('a leader that is frozen', () => {
  it('wakes up fenced, steps down, and does not do again what it was asked meanwhile', async () => {
    const first = await processes.start('first');
    await watch.untilLeads(fleet, 'first');
    await processes.start('second');
    await processes.start('third');
    await first.kill('SIGSTOP');
    const asking = keepAsking();
    await eventually(() => watch.leaders(fleet).find((instance) => instance !== 'first'), { what: 'another to lead' });
    // Hand-typed, without an id: the frozen one has received it too.
    const subject = `muster.${fleet}.do.bob.group.create`;
    const ask = () => bus.request({ subject, data: Buffer.from('{"group":"Edge"}'), timeoutMs: 5_000 });
    expect(JSON.parse(Buffer.from((await ask()).data).toString())).toMatchObject({ status: 'accepted' });
    await first.kill('SIGCONT');
    await watch.untilStandsBy(fleet, 'first');
    const before = asking.count;
    await eventually(() => asking.count > before + 20, { what: 'commands after it woke up' });
    const outcomes = await asking.finish();
    const { events } = await readWholeLog(bus, fleet);
    expect(events.filter(({ principal }) => principal === 'bob')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'coordinator.elected')).toHaveLength(2);
    expect(events.filter(({ type, principal }) => type === 'group.created' && principal === 'alice')).toHaveLength(
      outcomes.length,
    );
  });
});

describe('a leader whose link is cut', () => {
  it('is overtaken, and when the link is back nothing of it lands', async () => {
    const proxy = await startTcpProxy(nats.port);
    try {
      await processes.start('behind', `nats://127.0.0.1:${proxy.port}`);
      await watch.untilLeads(fleet, 'behind');
      await processes.start('other');
      const asking = keepAsking();
      await eventually(() => asking.count > 20, { what: 'commands' });
      proxy.cut();
      await watch.untilLeads(fleet, 'other');
      const before = asking.count;
      await eventually(() => asking.count > before + 20, { what: 'commands while it is cut off' });
      proxy.heal();
      await watch.untilStandsBy(fleet, 'behind');
      await expectBooksToBalance(await asking.finish());
      expect(watch.leaders(fleet)).toEqual(['other']);
    } finally {
      await proxy.close();
    }
  });
});

describe('queries', () => {
  it('are answered by every replica, true for the position they name, and past one that is frozen', async () => {
    await processes.start('first');
    await watch.untilLeads(fleet, 'first');
    const second = await processes.start('second');
    const { position } = await muster.send('group.create', { group: 'Edge' as GroupName });
    const answered = new Set<string>();
    await eventually(
      async () => {
        const answer = await muster.query('coordinator', {}, { atLeast: position });
        if (answer.status !== 'ok') throw new Error(answer.message);
        expect(answer.position).toBeGreaterThanOrEqual(position);
        answered.add(answer.data.instance);
        return answered.size === 2;
      },
      { what: 'both to answer' },
    );
    await second.kill('SIGSTOP');
    for (let asked = 0; asked < 5; asked += 1) {
      const answer = await muster.query(
        'group',
        { group: 'Edge' as GroupName },
        { atLeast: position, timeoutMs: 20_000 },
      );
      expect(answer).toMatchObject({ status: 'ok' });
    }
  });

  it('for a position that does not come are refused by their deadline, with the position there is', async () => {
    await processes.start('only');
    const { position } = await watch.untilLeads(fleet, 'only');
    const answer = await muster.query('groups', {}, { atLeast: position + 1_000, timeoutMs: 1_500 });
    expect(answer).toMatchObject({ status: 'error', code: 'behind' });
  });
});

describe('several fleets', () => {
  it('are spread over the coordinators, and those of one that dies over all who are left', async () => {
    const fleets = Array.from({ length: 6 }, () => newFleet());
    const several = new CoordinatorProcesses({ url: nats.url, fleets, timing });
    const leaders = () => {
      const led = fleets.map((each) => watch.leaders(each));
      return led.every(({ length }) => length === 1) ? led.flat().sort().join(' ') : undefined;
    };
    try {
      const first = await several.start('a');
      await several.start('b');
      await several.start('c');
      await eventually(() => leaders() === 'a a b b c c', { what: 'two each', timeoutMs: 40_000 });
      await first.kill('SIGKILL');
      await eventually(() => leaders() === 'b b b c c c', { what: 'three each', timeoutMs: 40_000 });
    } finally {
      await several.stop();
    }
  });
});

describe('a standby', () => {
  it('knows which pools are published as the leader does', async () => {
    const first = await processes.start('first');
    await watch.untilLeads(fleet, 'first');
    // It stands by for as long as the test takes, whatever becomes of the first.
    const patient = new CoordinatorProcesses({ url: nats.url, fleets: [fleet], timing: { missedBeatMs: 120_000 } });
    const publishedPool = async () => {
      const answer = await muster.query('group', { group: 'Edge' as GroupName }, { timeoutMs: 10_000 });
      return answer.status === 'ok' ? answer.data.status?.pool : undefined;
    };
    try {
      const { position } = await muster.send('group.create', { group: 'Edge' as GroupName });
      await eventually(async () => ((await publishedPool()) ?? 0) >= position, { what: 'the pool to be published' });
      await patient.start('patient');
      await first.kill('SIGSTOP');
      const answer = await muster.query('coordinator', {}, { timeoutMs: 10_000 });
      expect(answer).toMatchObject({ status: 'ok', data: { instance: 'patient', role: 'standby' } });
      await eventually(async () => ((await publishedPool()) ?? 0) >= position, {
        what: 'the standby to know the pool',
      });
    } finally {
      await patient.stop();
    }
  });
});
