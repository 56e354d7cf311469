import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { GroupName, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { type Muster, type SendOutcome, type WaitProgress, connectMuster } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import type { ScriptedStage } from '../support/scripted-stage.ts';
import { stagedTests } from '../support/staged-tests.ts';

const group = 'production';
const web1 = 'web1' as ServerId;
const web2 = 'web2' as ServerId;
/** A lease of 1 s, a drain of 2 s, and room for a busy machine. */
const timeoutMs = 15_000;

const given = stagedTests();
let stage: ScriptedStage;
let muster: Muster;

beforeEach(async () => {
  ({ stage } = given);
  muster = await connectMuster({ url: given.nats.url, fleet: stage.fleet, principal: 'alice' });
  await stage.balance('lb');
  await stage.deploy('1.0.0');
});
afterEach(() => muster?.close());

async function must<T extends CommandType>(type: T, payload: CommandPayload<T>, reason?: string): Promise<number> {
  const outcome: SendOutcome = await muster.send(type, payload, reason === undefined ? {} : { reason });
  expect(outcome, type).toMatchObject({ status: 'accepted' });
  return outcome.position;
}

async function view(server: ServerId) {
  const answer = await muster.query('server', { server });
  if (answer.status === 'error') throw new Error(answer.message);
  return answer.data;
}

async function statusOfGroup() {
  const answer = await muster.query('group', { group: group as GroupName });
  if (answer.status === 'error') throw new Error(answer.message);
  return answer.data;
}

const deploy = (version: string) => ({
  group: group as GroupName,
  project: 'hello' as ProjectId,
  version: version as ProjectVersion,
});

describe('a drain and its undoing, through the SDK', () => {
  it('takes the server out of the pool, keeps it a member, and uncordon waits until it is in again', async () => {
    await stage.pool('web1', 'web2');
    const told: WaitProgress[] = [];
    const drained = await must('server.drain', { server: web1 }, 'new disk');
    const onProgress = (each: WaitProgress) => told.push(each);
    const out = await muster.wait(drained, { group, timeoutMs, onProgress });
    expect(out).toMatchObject({ status: 'in-traffic' });
    expect(await view(web1)).toMatchObject({ status: 'cordoned', cordoned: true, inPool: false, group });
    await stage.told.caughtUp();
    expect(stage.told.of('server.draining')).toMatchObject([{ reason: 'new disk', principal: 'alice' }]);
    expect(told.some((each) => each.step === 'laggards' && each.laggards[0]?.server === 'web1')).toBe(true);
    const back = await must('server.uncordon', { server: web1 });
    expect(await muster.wait(back, { group, servers: [web1], timeoutMs })).toMatchObject({ status: 'in-traffic' });
    expect(await view(web1)).toMatchObject({ status: 'ready', cordoned: false, inPool: true });
  });

  it('ends by the deadline where a balancer does not confirm; the wait then names the balancer', async () => {
    await stage.pool('web1');
    await stage.configure({ drainTimeoutMs: 500 });
    const silent = await stage.balance('deaf');
    silent.now.silent = true;
    const drained = await must('server.drain', { server: web1 });
    await eventually(async () => (await view(web1)).status === 'cordoned', { timeoutMs, what: 'web1 to be drained' });
    expect(await muster.wait(drained, { group, timeoutMs: 1_500 })).toMatchObject({
      status: 'timeout',
      laggards: expect.arrayContaining([expect.objectContaining({ what: 'balancer deaf' })]),
    });
  });
});

describe('a cordon', () => {
  it('leaves the pool as it is, is unchanged when repeated, and hangs nobody who deploys', async () => {
    const [, second] = await stage.pool('web1', 'web2');
    await must('server.cordon', { server: web1 });
    expect(await view(web1)).toMatchObject({ status: 'ready', cordoned: true, inPool: true });
    expect(await muster.send('server.cordon', { server: web1 })).toMatchObject({
      status: 'rejected',
      rejection: { code: 'unchanged' },
    });
    await must('server.drain', { server: web2 });
    await stage.becomes('web2', 'cordoned');
    // Out of the pool and at work on nothing: the group waits for web1 alone.
    second.now.slow = true;
    const deployed = await must('deployment.request', deploy('2.0.0'));
    const outcome = await muster.wait(deployed, { group, timeoutMs });
    expect(outcome).toMatchObject({ status: 'in-traffic', group: { laggards: [{ server: 'web2' }] } });
  });
});

describe('a replacement', () => {
  it('adds before it removes, and the wait ends once the old one has left', async () => {
    await stage.pool('web1');
    await stage.start('web2');
    const position = await must('server.replace', { server: web1, by: web2 });
    const outcome = await muster.waitForReplacement({ position, group, server: web1, by: web2 }, { timeoutMs });
    expect(outcome).toMatchObject({ status: 'in-traffic' });
    expect(await view(web1)).toMatchObject({ status: 'available', inPool: false });
    expect(await view(web2)).toMatchObject({ status: 'ready', inPool: true });
    await stage.told.caughtUp();
    const order = ['server.ready', 'server.replaced', 'server.left'];
    const told = stage.told.events.filter(({ position: at, type }) => at > position && order.includes(type));
    expect(told.map(({ type }) => type)).toEqual(order);
  });

  it('fails, and the old one stays, when the new one cannot take its place', async () => {
    await stage.pool('web1');
    const second = await stage.start('web2');
    second.now.fails = ['hello@1.0.0'];
    const position = await must('server.replace', { server: web1, by: web2 });
    const outcome = await muster.waitForReplacement({ position, group, server: web1, by: web2 }, { timeoutMs });
    expect(outcome).toMatchObject({
      status: 'failed',
      laggards: [{ server: 'web2', reason: 'hello@1.0.0: it does not start' }],
    });
    expect(await view(web1)).toMatchObject({ status: 'ready', inPool: true });
  });

  it('fails when the new one is taken away before it is in', async () => {
    await stage.pool('web1');
    const second = await stage.start('web2');
    second.now.slow = true;
    const position = await must('server.replace', { server: web1, by: web2 });
    const waiting = muster.waitForReplacement({ position, group, server: web1, by: web2 }, { timeoutMs });
    await must('server.leave', { server: web2 });
    await expect(waiting).resolves.toMatchObject({ status: 'failed', laggards: [{ server: 'web2' }] });
  });
});

describe('a server that fails', () => {
  it('fails the wait with its text, stays in the pool, and a retry that works ends well', async () => {
    const [first] = await stage.pool('web1', 'web2');
    first.now.fails = ['hello@2.0.0'];
    const deployed = await must('deployment.request', deploy('2.0.0'));
    expect(await muster.wait(deployed, { group, timeoutMs })).toMatchObject({
      status: 'failed',
      laggards: [{ reason: 'halted: 1 failed, 0 may: web1 (hello@2.0.0: it does not start)' }],
    });
    expect(await view(web1)).toMatchObject({ status: 'failed', inPool: true });
    expect((await statusOfGroup()).status?.counts.failed).toBe(1);
    first.now.fails = [];
    const retried = await must('server.retry', { server: web1 });
    const outcome = await muster.wait(retried, { group, servers: [web1], timeoutMs });
    expect(outcome).toMatchObject({ status: 'in-traffic' });
    expect(await view(web1)).toMatchObject({ status: 'ready', inPool: true, failures: [] });
  });
});

describe('a server that is lost', () => {
  it('does not hang a deployment', async () => {
    const [first] = await stage.pool('web1', 'web2', 'web3');
    first.now.silent = true;
    await stage.becomes('web1', 'lost');
    const deployed = await must('deployment.request', deploy('2.0.0'));
    const outcome = await muster.wait(deployed, { group, timeoutMs });
    expect(outcome).toMatchObject({ status: 'in-traffic', group: { laggards: [{ server: 'web1' }] } });
  });

  it('is not called in traffic by whoever asked for it to be', async () => {
    await stage.pool('web1');
    const second = await stage.start('web2');
    second.now.slow = true;
    const joined = await must('server.join', { server: web2, group: group as GroupName });
    const waiting = muster.wait(joined, { group, servers: [web2], timeoutMs });
    second.now.silent = true;
    await expect(waiting).resolves.toMatchObject({
      status: 'failed',
      laggards: [{ server: 'web2', reason: expect.stringMatching(/^lost: no heartbeat/) }],
    });
  });
});
