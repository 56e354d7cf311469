/** Syncs that fail or come all at once, balancers that fall silent, and a leader that hears nobody. */
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { leaseMs, production, type ScriptedStage } from '../support/scripted-stage.ts';
import { stagedTests } from '../support/staged-tests.ts';

const given = stagedTests();
let stage: ScriptedStage;

beforeEach(() => {
  ({ stage } = given);
});

/** Longer than the coordinator waits for a balancer's receipts, on a busy machine. */
const balancerLossMs = 15_000;
/** Longer than the lease: time that must not count, since nothing could be heard in it. */
const outageMs = leaseMs + 1_500;

/** What is waited for is the time itself. */
function passes(ms: number): Promise<unknown> {
  const until = performance.now() + ms;
  return eventually(() => performance.now() > until);
}

describe('a sync that fails', () => {
  it('is told with its reason, and tried again from the start by retry', async () => {
    await stage.deploy('1.0.0');
    const s1 = await stage.start('s1');
    s1.now.fails = ['hello@1.0.0'];
    await stage.join('s1');
    await stage.becomes('s1', 'failed');
    expect(await stage.view('s1')).toMatchObject({
      inPool: false,
      failures: [{ project: 'hello', version: '1.0.0', text: 'it does not start' }],
    });
    s1.now.fails = [];
    const failed = s1.directive?.position ?? 0;
    await stage.must('server.retry', { server: 's1' });
    await stage.becomes('s1', 'ready');
    expect(s1.directive?.position).toBeGreaterThan(failed);
    expect(await stage.admin('s1')).toBe('ready');
  });

  it('on a group leaves its servers in the pool, and whoever joins gets what worked before', async () => {
    await stage.deploy('1.0.0');
    const servers = await stage.pool('s1', 's2');
    await eventually(() => stage.told.of('rollout.succeeded').length === 1);
    for (const { now } of servers) now.fails = ['hello@2.0.0'];
    const before = await stage.play.revision(production);
    await stage.deploy('2.0.0');
    await stage.becomes('s1', 'failed');
    await stage.becomes('s2', 'failed');
    expect(await stage.view('s1')).toMatchObject({ inPool: true });
    expect(await stage.play.revision(production)).toEqual(before);
    const s3 = await stage.start('s3');
    await stage.join('s3');
    await stage.becomes('s3', 'ready');
    expect(s3.directive).toMatchObject({ projects: [{ project: 'hello', version: '1.0.0' }] });
    for (const { now } of servers) now.fails = [];
    await stage.must('rollout.retry', { group: 'Production', project: 'hello' });
    await eventually(() => stage.told.of('rollout.succeeded').length === 2);
    await eventually(() => s3.directive?.projects[0]?.version === '2.0.0');
    await eventually(async () => (await stage.size()) === 3);
  });
});

describe('a storm of joins', () => {
  it('has no more servers syncing at once than the group allows', async () => {
    const syncsMax = 3;
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    await stage.configure({ syncsMax });
    await stage.deploy('1.0.0');
    const servers = await Promise.all(names.map((name) => stage.start(name)));
    for (const { now } of servers) now.slow = true;
    await stage.must('group.set-servers', { group: 'Production', servers: names });
    // Each round proves the servers that have been told, and nobody else.
    const proved = new Set<string>();
    while (proved.size < names.length) {
      const waiting = await eventually(
        async () => {
          const told = await Promise.all(names.map(async (name) => [name, await toldTo(name)] as const));
          const unproved = told.filter(([name, is]) => is && !proved.has(name)).map(([name]) => name);
          expect(unproved.length).toBeLessThanOrEqual(syncsMax);
          return unproved.length === Math.min(syncsMax, names.length - proved.size) && unproved;
        },
        { what: 'the next ones to be told' },
      );
      for (const name of waiting) {
        const directive = await stage.play.directive(production, name);
        if (directive !== undefined) stage.play.receipt(directive);
        await eventually(() => stage.told.of('server.ready').some(({ data }) => data.server === name));
        proved.add(name);
      }
    }
    await eventually(async () => (await stage.size()) === names.length);
  });
});

const toldTo = async (server: string) => (await stage.play.directive(production, server)) !== undefined;

describe('a balancer that falls silent', () => {
  it('is lost in the log, is named where a drain did not wait for it in vain, and returns', async () => {
    await stage.pool('s1', 's2');
    const b1 = await stage.balance('b1');
    await stage.balance('b2');
    b1.now.silent = true;
    const lost = await eventually(() => stage.told.of('balancer.lost')[0], {
      timeoutMs: balancerLossMs,
      what: 'the balancer to be lost',
    });
    expect(lost.data).toMatchObject({ balancer: 'b1' });
    await stage.must('server.leave', { server: 's1' });
    const left = await eventually(() => stage.told.of('server.left')[0]);
    expect(left.data.evidence).toMatchObject({ deadlinePassed: true, unconfirmed: ['b1'] });
    b1.now.silent = false;
    await eventually(() => stage.told.of('balancer.returned').length === 1);
    expect(stage.told.of('balancer.lost')).toHaveLength(1);
  });
});

async function nobodyWasLost(): Promise<void> {
  await eventually(() => stage.told.of('group.created').length === 1);
  // Whoever would be lost wrongly is so within a lease.
  await passes(leaseMs);
  await stage.told.caughtUp();
  expect([...stage.told.of('server.lost'), ...stage.told.of('balancer.lost')]).toEqual([]);
}

describe('a leader that hears nobody', () => {
  it('counts nobody as lost while NATS is away, nor before a full lease after it is back', async (context) => {
    if (!given.nats.canKill) return context.skip('this NATS is not ours to kill');
    await stage.pool('s1', 's2', 's3', 's4');
    await stage.balance('b1');
    await given.nats.kill('SIGKILL');
    await passes(outageMs);
    await given.nats.restart();
    await stage.must('group.create', { group: 'after' });
    await nobodyWasLost();
    expect(await stage.size()).toBe(4);
  });

  it('counts nobody as lost for a time in which NATS was frozen', async (context) => {
    if (!given.nats.canKill) return context.skip('this NATS is not ours to kill');
    await stage.pool('s1', 's2', 's3', 's4');
    await given.nats.kill('SIGSTOP');
    await passes(outageMs);
    await given.nats.kill('SIGCONT');
    await stage.must('group.create', { group: 'after' });
    await nobodyWasLost();
  });
});
