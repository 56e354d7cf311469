import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { FleetId, ProjectId, ProjectVersion } from '../../schemas/ids.ts';
import { type Muster, type WaitProgress, connectMuster } from '../../src/client/index.ts';
import { type TestCoordinator, newFleet, startCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { scriptedFleet } from '../support/scripted-fleet.ts';

const group = (name: string) => ({ group: name });

let nats: NatsServer;
let fleet: FleetId;
let running: TestCoordinator | undefined;
let muster: Muster;

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

beforeEach(async () => {
  fleet = newFleet();
  running = await startCoordinator({ url: nats.url, fleet });
  muster = await connectMuster({ url: nats.url, fleet, principal: 'alice' });
  await leads();
});
afterEach(async () => {
  await muster.close();
  await running?.stop();
});

/** Like `eventually`, for what is false until it is there. */
async function until<T>(condition: () => Promise<T | false | undefined>): Promise<T> {
  return (await eventually(condition)) as T;
}

async function leads(): Promise<void> {
  const asked = () => muster.query('coordinator', {}, { timeoutMs: 1_000 });
  await eventually(async () => {
    const answer = await asked();
    return answer.status === 'ok' && answer.data.role === 'leader';
  });
}

async function eventsOf(type: string): Promise<Event[]> {
  const head = await muster.query('coordinator', {});
  if (head.status === 'error') throw new Error(head.message);
  const found: Event[] = [];
  for await (const event of muster.events({ follow: true })) {
    if (event.type === type) found.push(event);
    if (event.position >= head.position) break;
  }
  return found;
}

describe('commands', () => {
  it('have one effect and one answer, though sent twice with one id', async () => {
    const options = { id: 'create-edge', issuedAt: Date.now() };
    const first = await muster.send('group.create', group('Edge'), options);
    const second = await muster.send('group.create', group('Edge'), options);
    expect(first).toMatchObject({
      status: 'accepted',
      repeated: false,
      event: { type: 'group.created', principal: 'alice' },
    });
    expect(second).toMatchObject({ status: 'accepted', repeated: true, position: first.position });
    expect(await eventsOf('group.created')).toHaveLength(1);
  });

  it('are refused as a value when the id was another command’s', async () => {
    await muster.send('group.create', group('one'), { id: 'same' });
    const reused = await muster.send('group.create', group('two'), { id: 'same' });
    expect(reused).toMatchObject({ status: 'rejected', rejection: { code: 'id-reused' } });
  });

  it('settle hundreds at a time, each with its own event', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, index) => muster.send('group.create', group(`g${index}`))),
    );
    expect(new Set(outcomes.map(({ position }) => position)).size).toBe(300);
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
  });

  it('wait for a coordinator, and a repeat after giving up has one effect', async () => {
    await running?.stop();
    running = undefined;
    const options = { id: 'patient', issuedAt: Date.now() };
    await expect(muster.send('group.create', group('late'), { ...options, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    });
    running = await startCoordinator({ url: nats.url, fleet });
    await leads();
    await expect(muster.send('group.create', group('late'), options)).resolves.toMatchObject({ status: 'accepted' });
    expect(await eventsOf('group.created')).toHaveLength(1);
  });

  it('survive a killed NATS server, each with exactly one event', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    const sent = Array.from({ length: 200 }, (_, index) =>
      muster.send('group.create', group(`k${index}`), { timeoutMs: 40_000 }),
    );
    await nats.kill('SIGKILL');
    await nats.restart();
    const outcomes = await Promise.all(sent);
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    await leads();
    const created = await eventsOf('group.created');
    expect(created).toHaveLength(200);
    expect(new Set(created.map(({ position }) => position))).toEqual(new Set(outcomes.map(({ position }) => position)));
  });
});

describe('questions', () => {
  it('are answered with what was decided at the position asked for', async () => {
    const { position } = await muster.send('group.create', group('Edge'));
    const answer = await muster.query('group', group('edge'), { atLeast: position });
    expect(answer).toMatchObject({ status: 'ok', data: { name: 'Edge', changedAt: position } });
  });

  it('about what is not there are answered with an error as a value', async () => {
    expect(await muster.query('group', group('nowhere'))).toMatchObject({ status: 'error', code: 'unknown-group' });
  });

  it('in a fleet without a coordinator fail at once', async () => {
    const alone = await connectMuster({ url: nats.url, fleet: newFleet(), principal: 'alice' });
    await expect(alone.query('groups', {})).rejects.toMatchObject({ code: 'no-responders', retryable: true });
    await alone.close();
  });
});

describe('events', () => {
  it('come in order, from where they are asked for, and go on', async () => {
    await muster.send('group.create', group('a'));
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const event of muster.events({ from: 3, follow: true, signal: stop.signal })) {
        seen.push(`${event.position} ${event.type}`);
      }
    })();
    await muster.send('group.delete', group('a'));
    await eventually(() => seen.length === 2);
    stop.abort();
    await following;
    expect(seen).toEqual(['3 group.created', '4 group.deleted']);
    const last: number[] = [];
    for await (const event of muster.events({ last: 2, follow: false })) last.push(event.position);
    expect(last).toEqual([3, 4]);
  });

  it('asked for while NATS is away come once it is back', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    const { position } = await muster.send('group.create', group('a'));
    await nats.kill('SIGKILL');
    const events = muster.events({ from: position, follow: true })[Symbol.asyncIterator]();
    const first = events.next();
    await nats.restart();
    expect(await first).toMatchObject({ value: { position, type: 'group.created' } });
    await events.return?.();
  });
});

describe('projects', () => {
  it('are uploaded once, and published the same way twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-project-'));
    writeFileSync(
      join(folder, 'project.yaml'),
      'name: orders\nroutes:\n  - path: /orders\n    respond: { body: hi }\n',
    );
    const first = await muster.publishProject(folder, '1.0.0');
    const second = await muster.publishProject(folder, '1.0.1');
    expect(first).toMatchObject({ upload: 'stored', outcome: { status: 'accepted' } });
    expect(second).toMatchObject({ upload: 'present', digest: first.digest, outcome: { status: 'accepted' } });
    rmSync(folder, { recursive: true });
  });
});

describe('waiting for traffic', () => {
  const deploy = {
    group: 'production',
    project: 'orders' as ProjectId,
    version: '1.0.0' as ProjectVersion,
  };

  /** A server of Production that a script plays, and a balancer; the project is published. */
  async function prepareGroup(): Promise<ReturnType<typeof scriptedFleet>> {
    const script = scriptedFleet(running?.bus as never, fleet);
    await script.register('web1', 9_001);
    const balancer = await script.ask(
      'balancer.register',
      { balancer: 'lb', kind: 'haproxy', groups: 'all' },
      'bal_lb',
    );
    expect(balancer.status).toBe('accepted');
    await muster.send('project.publish', {
      project: deploy.project,
      version: deploy.version,
      digest: 'a'.repeat(64),
      bytes: 10,
    });
    const joined = await muster.send('server.join', { server: 'web1', group: deploy.group });
    expect(joined.status).toBe('accepted');
    return script;
  }

  it('ends once servers, pool and balancers have passed the position, and tells each stage', async () => {
    const script = await prepareGroup();
    const { position } = await muster.send('deployment.request', deploy);
    const told: WaitProgress[] = [];
    const waiting = muster.wait(position, {
      group: 'Production',
      timeoutMs: 20_000,
      onProgress: (each) => told.push(each),
    });
    const directive = await until(async () => {
      const found = await script.directive('production', 'web1');
      return found?.position === position && found;
    });
    await script.beat('web1', directive);
    script.receipt(directive);
    const revision = await until(async () => {
      const found = await script.revision('production');
      return found?.size === 1 && found;
    });
    script.applied('lb', revision);
    await expect(waiting).resolves.toMatchObject({ status: 'in-traffic' });
    expect(told.filter(({ step }) => step === 'stage').map((each) => 'stage' in each && each.stage)).toEqual([
      'servers',
      'pool',
      'balancers',
    ]);
    // Long past: it is told at once.
    await expect(muster.wait(1, { group: 'production' })).resolves.toMatchObject({ status: 'in-traffic' });
  });

  it('says who could not take the change in, and why', async () => {
    const script = await prepareGroup();
    const { position } = await muster.send('deployment.request', deploy);
    const directive = await until(async () => {
      const found = await script.directive('production', 'web1');
      return found?.position === position && found;
    });
    await script.beat('web1', directive);
    const failures = [{ project: deploy.project, version: deploy.version, text: 'port taken' }];
    const repeat = setInterval(() => script.receipt(directive, { projects: [], failures }), 200);
    const outcome = await muster.wait(position, { group: 'production', timeoutMs: 20_000 });
    clearInterval(repeat);
    expect(outcome).toMatchObject({
      status: 'failed',
      laggards: [{ reason: expect.stringMatching(/1 failed, 0 may: web1 \(orders@1\.0\.0: port taken\)$/) }],
    });
  });

  it('goes on for a server that tries again by itself, and ends well once it could', async () => {
    const script = await prepareGroup();
    const { position } = await muster.send('deployment.request', deploy);
    const directive = await until(async () => {
      const found = await script.directive('production', 'web1');
      return found?.position === position && found;
    });
    await script.beat('web1', directive);
    const failures = [{ project: deploy.project, version: deploy.version, text: 'port taken' }];
    const failing = () => script.receipt(directive, { projects: [], failures, retryAt: Date.now() + 1_000 });
    let say = failing;
    const repeat = setInterval(() => say(), 100);
    const told: string[] = [];
    const waiting = muster.wait(position, {
      group: 'production',
      timeoutMs: 20_000,
      onProgress: (each) => each.step === 'laggards' && told.push(...each.laggards.map(({ reason }) => reason)),
    });
    await eventually(() => told.some((reason) => /^retrying .*orders@1\.0\.0 \(port taken\)/.test(reason)));
    say = () => script.receipt(directive);
    const revision = await until(async () => {
      const found = await script.revision('production');
      return found?.size === 1 && found;
    });
    clearInterval(repeat);
    script.applied('lb', revision);
    await expect(waiting).resolves.toMatchObject({ status: 'in-traffic' });
  });

  it('ends by its deadline with who it waits for', async () => {
    await prepareGroup();
    const { position } = await muster.send('deployment.request', deploy);
    const outcome = await muster.wait(position, { group: 'production', timeoutMs: 1_500 });
    expect(outcome).toMatchObject({
      status: 'timeout',
      laggards: expect.arrayContaining([expect.objectContaining({ server: 'web1' })]),
    });
  });
});
