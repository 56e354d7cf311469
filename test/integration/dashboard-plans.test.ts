/** What the command line plans, applies, rolls back, replays and proves, asked over HTTP: the same answers, told by lines. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupId } from '../../schemas/ids.ts';
import { defaultRolloutPolicy } from '../../schemas/rollout.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { runCli } from '../support/command-line.ts';
import { type DashboardRig, startReadyDashboard } from '../support/dashboard-rig.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { openStage, production, type ScriptedStage } from '../support/scripted-stage.ts';

let nats: NatsServer;
let bus: Bus;
let stage: ScriptedStage;
let api: DashboardRig;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-plans-'));
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  stage = await openStage({ url: nats.url, bus });
  await stage.configure({ rollout: { ...defaultRolloutPolicy, minHealthyMs: 100 } });
  await stage.balance('b1', production, 'edge' as GroupId);
  await stage.pool('s1', 's2');
  api = await startReadyDashboard({ natsUrl: nats.url, fleet: stage.fleet });
}, 120_000);
afterAll(async () => {
  await api?.stop();
  await stage?.stop();
  await bus?.close();
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: what a program in another language would read, looked at by a test.
type Line = any;

async function post(path: string, body: object, headers: Record<string, string> = {}, url = api.url) {
  const sent = { 'content-type': 'application/json', ...headers };
  const response = await fetch(url + path, { method: 'POST', headers: sent, body: JSON.stringify(body) });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const lines: Line[] = type.includes('ndjson') ? linesOf(text) : [];
  return { status: response.status, lines, body: lines.length > 0 ? undefined : (JSON.parse(text) as Line) };
}

function linesOf(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const changesIn = (lines: readonly Line[]) =>
  lines.flatMap(({ change }) => (change === undefined ? [] : [[change.text, change.status]]));

const groups = {
  Production: { policy: { rollout: { minHealthyMs: 50 } }, servers: ['s1'], deployments: { hello: '1.0.0' } },
  Edge: { servers: ['s2'] },
};

describe('a declared fleet', () => {
  it('is planned as the command line plans it, and nothing is sent', async () => {
    const before = (await api.get('/v1/fleet')).body.position;
    const { status, body } = await post('/v1/plan', { groups });
    expect(status).toBe(200);
    expect(body.changes.map(({ command }: { command: { type: string } }) => command.type)).toEqual([
      'group.configure',
      'group.create',
      'server.move',
      'deployment.request',
    ]);
    expect(body.forecast.decisions.every((decision: Line) => decision.status === 'accepted')).toBe(true);
    const file = join(folder, 'fleet.json');
    writeFileSync(file, JSON.stringify({ groups }));
    const planned = await runCli(['--nats', nats.url, '--fleet', stage.fleet, '-o', 'json', 'plan', '-f', file]);
    expect(JSON.parse(planned.stdout).apply).toContain(body.plan);
    expect((await api.get('/v1/fleet')).body.position).toBe(before);
  });

  it('names folders nowhere: those are published first', async () => {
    const projects = { orders: { version: '1', folder: '/etc' } };
    expect(await post('/v1/plan', { groups, projects })).toMatchObject({ status: 400, body: { code: 'invalid' } });
  });

  it('that has changed since it was planned is not applied, nor is a plan of something else', async () => {
    const { body } = await post('/v1/plan', { groups });
    const other = { ...groups, Edge: { servers: [] } };
    expect(await post('/v1/apply', { groups: other, plan: body.plan })).toMatchObject({
      status: 412,
      body: { code: 'conflict' },
    });
    await api.command('group.configure', { group: 'Production', policy: { drainTimeoutMs: 4_000 } });
    const stale = await post('/v1/apply', { groups, plan: body.plan });
    expect(stale).toMatchObject({ status: 412, body: { detail: expect.stringContaining('group production (at') } });
    expect(await post('/v1/apply', { groups, plan: '999999-0123456789ab' })).toMatchObject({
      status: 404,
      body: { code: 'unknown-position' },
    });
  });

  it('is applied change by change, each in traffic before the next, under the name of who asked', async () => {
    const { body } = await post('/v1/plan', { groups });
    const { status, lines } = await post('/v1/apply', { groups, plan: body.plan, reason: 'as declared' });
    expect(status).toBe(200);
    expect(lines.at(-1)).toEqual({ end: { status: 'done', changes: 4, carriedOut: 4 } });
    expect(changesIn(lines).map(([, how]) => how)).toEqual(['accepted', 'accepted', 'in-traffic', 'in-traffic']);
    expect(lines.findLast(({ change }) => change)?.change.event).toMatchObject({
      principal: 'dashboard',
      reason: 'as declared',
      type: 'deployment.requested',
    });
    const again = await post('/v1/plan', { groups });
    expect(again.body).toMatchObject({ changes: [], plan: null });
    expect((await post('/v1/apply', { groups, plan: body.plan })).status).toBe(412);
  });

  it('stops at the first change that does not end well, and says why', async () => {
    const [s1] = stage.servers;
    if (s1 === undefined) throw new Error('s1 is there');
    s1.now.fails = ['hello@2.0.0'];
    const wanted = { Production: { deployments: { hello: '2.0.0' } }, Later: {} };
    const { body } = await post('/v1/plan', { groups: wanted });
    const { lines } = await post('/v1/apply', { groups: wanted, plan: body.plan });
    s1.now.fails = [];
    expect(changesIn(lines)).toEqual([
      ['create group Later', 'accepted'],
      ['deploy hello 1.0.0 -> 2.0.0 to Production', 'rolled-back'],
    ]);
    expect(lines.findLast(({ change }) => change)?.change.reason).toMatch(/it does not start/);
    expect(lines.at(-1)).toEqual({ end: { status: 'stopped', changes: 2, carriedOut: 1 } });
  });

  it('needs whom each of its changes needs', async () => {
    const accessFile = join(folder, 'access.yaml');
    const sha256 = createHash('sha256').update('bobs-token').digest('hex');
    writeFileSync(accessFile, `tokens:\n  - { name: bob, role: operator, sha256: ${sha256} }\n`);
    const guarded = await startReadyDashboard({ natsUrl: nats.url, fleet: stage.fleet, accessFile });
    const bob = { authorization: 'Bearer bobs-token' };
    try {
      const wanted = { More: {} };
      const { body } = await post('/v1/plan', { groups: wanted }, bob, guarded.url);
      const refused = await post('/v1/apply', { groups: wanted, plan: body.plan }, bob, guarded.url);
      expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    } finally {
      await guarded.stop();
    }
  });
});

describe('a group, back to an earlier instant', () => {
  it('is shown first, and brought back by the plan that was shown', async () => {
    const { position: to } = (await api.get('/v1/groups/production')).body;
    await api.command('group.configure', { group: 'Production', policy: { drainTimeoutMs: 9_000 } });
    const path = '/v1/groups/Production/rollback';
    const { body: shown } = await api.get(`${path}?to=${to}`);
    expect(shown).toMatchObject({ to, without: [], changes: [{ command: { type: 'group.configure' } }] });
    const { lines } = await post(path, { to: shown.to, plan: shown.plan });
    expect(lines.at(-1)).toEqual({ end: { status: 'done', changes: 1, carriedOut: 1 } });
    expect((await api.get('/v1/groups/production')).body.item.policy.drainTimeoutMs).toBe(4_000);
    expect((await api.get(`${path}?to=${to}`)).body).toMatchObject({ changes: [], plan: null });
    expect(await api.get('/v1/groups/nowhere/rollback?to=3')).toMatchObject({ status: 404 });
  });
});

describe('recorded history', () => {
  it('is replayed decision by decision, the same as on the command line', async () => {
    const response = await fetch(`${api.url}/v1/replay?to=30`);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = linesOf(await response.text());
    const { stdout } = await runCli([
      ...['--nats', nats.url, '--fleet', stage.fleet, '-o', 'json'],
      ...['replay', '--to', '30'],
    ]);
    const steps = lines.flatMap(({ step }) => (step === undefined ? [] : [step]));
    expect(steps.map(({ text: _, ...step }: Line) => step)).toEqual(linesOf(stdout));
    expect(lines.at(-1).end).toMatchObject({ position: 30, events: 30, differed: 0 });
  });

  it('is tried under a changed policy', async () => {
    const { lines } = await post('/v1/replay', { policy: { rollout: { autoRollback: false } } });
    const { rollouts } = lines.at(-1).end;
    expect(rollouts.some(({ tried }: Line) => tried.status !== 'same')).toBe(true);
    expect(await post('/v1/replay', { policy: { rollout: { speed: 3 } } })).toMatchObject({ status: 400 });
  });

  it('is proved, against the snapshots and the coordinator as well', async () => {
    const head = (await api.get('/v1/fleet')).body.position;
    const { lines } = await post('/v1/verify', {});
    expect(lines.at(-1).end).toMatchObject({ status: 'whole', proven: null, coordinator: { equal: 3 } });
    expect(lines.at(-1).end.last).toBeGreaterThanOrEqual(head);
    expect(await post('/v1/verify', { publicKey: 'no key' })).toMatchObject({ status: 400 });
  });

  it('comes as CloudEvents too', async () => {
    const response = await fetch(`${api.url}/v1/export?format=cloudevents`);
    expect(response.headers.get('content-disposition')).toContain('.cloudevents.ndjson.gz');
    const unzipped = response.body?.pipeThrough(new DecompressionStream('gzip'));
    const [first] = linesOf(await new Response(unzipped).text());
    expect(first).toMatchObject({ specversion: '1.0', type: 'muster.fleet.created' });
  });

  it('ends where the instant says, in pages of events as everywhere', async () => {
    const { body } = await api.get('/v1/events?at=7&limit=3');
    expect(body).toMatchObject({ position: 7, at: expect.any(Number) });
    expect(body.items.map(({ event }: Line) => event.position)).toEqual([7, 6, 5]);
  });
});

describe('rollouts', () => {
  it('come without their servers where nobody looks at them', async () => {
    const asked = { group: 'Production', project: 'hello', version: '2.0.0', rollout: { minHealthyMs: 60_000 } };
    const { body: accepted } = await api.command('deployment.request', asked);
    const first = async (query: string) => (await api.get(`/v1/rollouts?group=Production${query}`)).body.items[0];
    expect(await first('')).toMatchObject({ rollout: accepted.position, progress: { servers: [{ server: 's1' }] } });
    expect(await first('&servers=false')).toMatchObject({ rollout: accepted.position, progress: { servers: [] } });
  });
});

describe('the coordinator that answers', () => {
  it('says what it is, and of the past that it is not in the log', async () => {
    const { body } = await api.get('/v1/coordinator');
    expect(body.item).toMatchObject({ role: 'leader' });
    await eventually(async () => (await api.get('/v1/coordinators')).body.items.length === 1, { what: 'a beat' });
    expect((await api.get('/v1/coordinators?at=5')).body).toMatchObject({ position: 5, items: [] });
  });
});
