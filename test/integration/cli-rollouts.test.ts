/** Rollouts, what-if, plan and apply on the command line, over a real coordinator: what is printed, and each exit code. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupId } from '../../schemas/ids.ts';
import { defaultRolloutPolicy } from '../../schemas/rollout.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { runCli } from '../support/command-line.ts';
import { scratchFolder } from '../support/export-tampering.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { openStage, production, type ScriptedStage } from '../support/scripted-stage.ts';

let nats: NatsServer;
let bus: Bus;
let stage: ScriptedStage;
let folder: Awaited<ReturnType<typeof scratchFolder>>;

const muster = (...args: string[]) => runCli(['--nats', nats.url, '--fleet', stage.fleet, ...args]);
const quick = ['--min-healthy', '100ms'];
const asJson = async (...args: string[]) => {
  const ran = await muster(...args, '-o', 'json');
  return { ...ran, data: ran.stdout === '' ? undefined : JSON.parse(ran.stdout) };
};

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  folder = await scratchFolder();
  stage = await openStage({ url: nats.url, bus });
  await stage.configure({ rollout: { ...defaultRolloutPolicy, minHealthyMs: 100 } });
  await stage.balance('b1', production, 'edge' as GroupId);
  await stage.pool('s1', 's2');
  expect((await muster('deploy', 'hello@1.0.0', 'Production', ...quick)).code).toBe(0);
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  await bus?.close();
  await nats?.stop();
  await folder?.remove();
});

describe('what-if', () => {
  it('tells every coming transition, and sends nothing', async () => {
    await stage.told.caughtUp();
    const position = stage.told.events.length;
    const { code, data } = await asJson('server', 'leave', 's1', '--what-if');
    expect(code).toBe(0);
    expect(data).toMatchObject({ settled: true, decisions: [{ status: 'accepted' }] });
    expect(data.transitions.map(({ kind }: { kind: string }) => kind)).toEqual(['pool', 'event', 'pool']);
    await stage.told.caughtUp();
    expect(stage.told.events.slice(position).filter(({ type }) => type.startsWith('server.'))).toEqual([]);
  });

  it('says what would be refused, and fails', async () => {
    const { code, stdout } = await muster('deploy', 'hello@7', 'Production', '--what-if');
    expect(code).toBe(1);
    expect(stdout).toContain('unknown-version');
  });

  it('retires no balancer', async () => {
    const { code, data } = await asJson('balancer', 'retire', 'b1', '--what-if');
    const { data: balancers } = await asJson('balancer', 'list');
    expect(balancers).toMatchObject([{ balancer: 'b1' }]);
    expect(code).toBe(0);
    expect(data).toMatchObject({ decisions: [{ status: 'accepted' }] });
  });
});

describe("a group's policy on the command line", () => {
  it('says how new versions reach it, beside the rest, and is told in the log', async () => {
    const canary = ['--strategy', 'canary', '--steps', '1:5m', '--batch', '25%', '--probe', '/hello'];
    expect(await muster('group', 'create', 'Canaries', ...canary, '--lease', '9s')).toMatchObject({ code: 0 });
    const policyOf = async () => (await asJson('group', 'get', 'Canaries')).data.policy;
    const strategy = { kind: 'canary', steps: [{ servers: 1, bakeMs: 300_000 }], batch: '25%' };
    expect(await policyOf()).toMatchObject({ leaseMs: 9_000, rollout: { strategy, probe: { path: '/hello' } } });
    const changed = await muster('group', 'configure', 'Canaries', '--probe', 'off', '--no-auto-rollback');
    expect(changed).toMatchObject({ code: 0 });
    expect((await muster('log', '--group', 'Canaries')).stdout).toContain(
      'rollouts: canary 1:5m then by 25%, hot, 25% in motion at most, healthy for 10s, halts when it fails',
    );
    expect(await policyOf()).toMatchObject({
      leaseMs: 9_000,
      rollout: { ...defaultRolloutPolicy, strategy, maxUnavailable: '25%', autoRollback: false },
    });
    expect(await muster('group', 'configure', 'Canaries')).toMatchObject({ code: 2 });
  });
});

describe('a rollout on the command line', () => {
  it('is followed to its end, each step a line, and then is in the list', async () => {
    const { code, stderr, stdout } = await muster('deploy', 'hello@2.0.0', 'Production', ...quick, '--reason', 'new');
    expect(code).toBe(0);
    expect(stderr).toMatch(/tells s1 in step 1[\s\S]*tells s2 in step 2[\s\S]*has succeeded: 2 servers/);
    expect(stdout).toContain('in traffic');
    const { data } = await asJson('rollout', 'list', '--group', 'Production');
    expect(data[0]).toMatchObject({ status: 'succeeded', targets: [{ project: 'hello', from: '1.0.0', to: '2.0.0' }] });
  });

  it('that fails and goes back ends in 4, with the server and its text', async () => {
    const [s1] = stage.servers;
    if (s1 === undefined) throw new Error('s1 is there');
    s1.now.fails = ['hello@1.0.0'];
    const { code, stderr } = await muster('rollback', 'deployment', 'hello', 'Production', ...quick);
    s1.now.fails = [];
    expect(code).toBe(4);
    expect(stderr).toMatch(/was rolled back: .*s1 .*it does not start/);
    expect((await muster('rollout', 'status', 'hello', 'Production')).code).toBe(4);
  });

  it('that waits for a person ends in 5, and goes on when promoted', async () => {
    const canary = ['--strategy', 'canary', '--steps', '1:pause'];
    const paused = await muster('deploy', 'hello@1.0.0', 'Production', ...canary, ...quick);
    expect(paused.code).toBe(5);
    expect(paused.stderr).toContain('next:  muster rollout promote hello production');
    const status = await muster('rollout', 'status', 'hello', 'production', '--no-follow');
    expect(status).toMatchObject({
      code: 5,
      stdout: expect.stringMatching(/paused[\s\S]*s1 .*healthy[\s\S]*s2 .*not told yet/),
    });
    expect((await muster('rollout', 'promote', 'hello', 'Production')).code).toBe(0);
  });

  it('that waits too long ends in 124, goes on, and is aborted in peace', async () => {
    const long = ['--min-healthy', '1h', '--timeout', '300ms'];
    const waited = await muster('deploy', 'hello@2.0.0', 'Production', ...long);
    expect(waited.code).toBe(124);
    expect(waited.stderr).toContain('goes on without us');
    const aborted = await muster('rollout', 'abort', 'hello', 'Production', '--reason', 'too slow');
    expect(aborted.code).toBe(0);
    expect((await muster('rollout', 'pause', 'hello', 'Production')).stderr).toContain('no rollout');
  });

  it('that fails without going back halts: 3, and retry carries it on', async () => {
    const [, s2] = stage.servers;
    if (s2 === undefined) throw new Error('s2 is there');
    s2.now.fails = ['hello@2.0.0'];
    const halted = await muster('deploy', 'hello@2.0.0', 'Production', '--no-auto-rollback', ...quick);
    expect(halted.code).toBe(3);
    expect(halted.stderr).toMatch(/has halted: .*s2/);
    s2.now.fails = [];
    expect((await muster('rollout', 'retry', 'hello', 'Production')).code).toBe(0);
  });
});

describe('a fleet file', () => {
  const file = () => folder.path('fleet.yaml');
  const planned = async () => (await asJson('plan', '-f', file())).data;
  const words = (apply: string) => apply.split(' ').slice(1);

  beforeAll(async () => {
    await mkdir(folder.path('orders'));
    const project = 'name: orders\nhealth: /orders\nroutes:\n  - path: /orders\n    respond: { body: "{}" }\n';
    await writeFile(folder.path(join('orders', 'project.yaml')), project);
    const declared = {
      projects: { orders: { version: '1', folder: './orders' } },
      groups: {
        Production: {
          policy: { rollout: { minHealthyMs: 50 } },
          servers: ['s1'],
          deployments: { orders: '1', hello: '1.0.0' },
        },
        Edge: { servers: ['s2'] },
      },
    };
    await writeFile(file(), JSON.stringify(declared));
  });

  it('is planned without sending anything, with what would follow and the command to type', async () => {
    const plan = await planned();
    expect(plan.changes.map(({ command }: { command: { type: string } }) => command.type)).toEqual([
      'project.publish',
      'group.configure',
      'group.create',
      'server.move',
      'deployment.request',
      'deployment.request',
    ]);
    expect(plan.forecast.decisions.every(({ status }: { status: string }) => status === 'accepted')).toBe(true);
    expect(plan.apply).toMatch(/^muster apply -f .*fleet.yaml --plan \d+-[0-9a-f]{12}$/);
  });

  it('is not applied once anything the plan looked at has changed: 6, and what', async () => {
    const { apply } = await planned();
    await stage.must('server.cordon', { server: 's1' });
    const refused = await muster(...words(apply));
    await stage.must('server.uncordon', { server: 's1' });
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('server s1 (at position');
  });

  it('is applied change by change, and then nothing is left to change', async () => {
    const { code, data, stderr } = await asJson(...words((await planned()).apply));
    expect(stderr).toMatch(/6 of 6/);
    expect(code).toBe(0);
    expect(data).toMatchObject({ status: 'done', changes: 6 });
    expect((await planned()).changes).toEqual([]);
  });

  it('that is none is refused with the place in it, before anything is asked', async () => {
    const wrong = folder.path('wrong.yaml');
    await writeFile(wrong, 'groups: { Production: { servrs: [] } }');
    const { code, stderr } = await muster('plan', '-f', wrong);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml: groups\.Production: .*servrs/);
  });
});

describe('a group, back to an earlier instant', () => {
  let earlier: string;

  beforeAll(async () => {
    await stage.told.caughtUp();
    earlier = String(stage.told.events.at(-1)?.position);
    expect((await muster('deploy', 'hello@2.0.0', 'Production')).code).toBe(0);
    expect((await muster('undeploy', 'orders', 'Production')).code).toBe(0);
    expect((await muster('group', 'configure', 'Production', '--drain-timeout', '5s')).code).toBe(0);
  });

  it('is shown first, with what would follow, and sends nothing', async () => {
    const { code, data } = await asJson('rollback', 'group', 'Production', '--to', earlier);
    expect(code).toBe(0);
    expect(data.changes.map(({ text }: { text: string }) => text)).toEqual([
      expect.stringContaining('drainTimeoutMs 5000 ->'),
      'deploy hello 2.0.0 -> 1.0.0 to Production',
      'deploy orders 1 to Production',
    ]);
    expect(data.apply).toMatch(
      new RegExp(`^muster rollback group Production --to ${earlier} --plan \\d+-[0-9a-f]{12}$`),
    );
  });

  it('is not carried out once anything of it has changed, and is otherwise: versions as rollouts under their gates', async () => {
    const plan = async () =>
      (await asJson('rollback', 'group', 'Production', '--to', earlier)).data.apply.split(' ').slice(1);
    const stale = await plan();
    expect((await muster('group', 'configure', 'Production', '--drain-timeout', '3s')).code).toBe(0);
    expect((await muster(...stale)).code).toBe(6);
    const { code, data, stderr } = await asJson(...(await plan()));
    expect(stderr).toMatch(/3 of 3/);
    expect([code, data.status]).toEqual([0, 'done']);
    await stage.told.caughtUp();
    const rolled = stage.told.events.filter(({ type }) => type === 'rollout.succeeded').slice(-2);
    expect(rolled).toHaveLength(2);
    expect((await asJson('rollback', 'group', 'Production', '--to', earlier)).data).toMatchObject({
      changes: [],
      apply: null,
    });
  });

  it('is refused for a group that was not there then', async () => {
    const { code, stderr } = await muster('rollback', 'group', 'Nowhere', '--to', earlier);
    expect([code, stderr]).toEqual([2, expect.stringContaining('there was no group "Nowhere"')]);
  });
});

describe('recorded rollouts', () => {
  it('are listed as they were at an earlier instant', async () => {
    const { data: now } = await asJson('rollout', 'list');
    const first = now.findLast(({ ended }: { ended: number | null }) => ended !== null);
    const { code, data: then } = await asJson('rollout', 'list', '--at', String(first.rollout));
    expect(code).toBe(0);
    expect(then.find(({ rollout }: { rollout: number }) => rollout === first.rollout)).toMatchObject({
      status: 'running',
      ended: null,
    });
  });

  it('are decided again by replay, the same from the fleet and from an export, with what followed', async () => {
    const file = folder.path('replayed.gz');
    expect((await muster('audit', 'export', file)).code).toBe(0);
    const [live, exported] = [
      await muster('replay', '-o', 'json'),
      await muster('replay', '-o', 'json', '--file', file),
    ];
    expect([live.code, exported.code]).toEqual([0, 0]);
    const steps = exported.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(live.stdout.startsWith(exported.stdout.slice(0, 2_000))).toBe(true);
    const planned = steps.filter(({ decided }) => decided?.by === 'planner');
    expect(planned.length).toBeGreaterThan(5);
    expect(planned.filter(({ decided }) => !decided.agrees)).toEqual([]);
    expect(steps.filter(({ decided }) => decided?.by === 'machine').length).toBeGreaterThan(3);
    const { stdout } = await muster('replay', '--file', file, '--to', '30', '--speed', '1000');
    expect(stdout).toMatch(/machine s1: syncing → ready\n/);
  });

  it('are tried under a changed policy, told where it is known, and nothing is guessed', async () => {
    const path = folder.path('changed.yaml');
    await writeFile(path, 'rollout:\n  autoRollback: false\n');
    const { code, data } = await asJson('replay', '--policy', path);
    expect(code).toBe(0);
    const back = data.rollouts.filter(
      ({ recorded }: { recorded: { status: string } }) => recorded.status === 'rolled-back',
    );
    expect(back.length).toBeGreaterThan(0);
    const failed = back.filter(({ tried }: { tried: { status: string } }) => tried.status === 'fails');
    expect(failed[0]?.tried.reason).toContain('waited for a person');
    await writeFile(path, 'leaseMs: 1\n');
    const wrong = await muster('replay', '--policy', path);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('what can be tried')]);
  });
});
