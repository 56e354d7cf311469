/** The HTTP API as programs use it, against a real coordinator on a real NATS server. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import { exportFile } from '../../src/audit/export-file.ts';
import { verify } from '../../src/audit/verify.ts';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { type DashboardRig, startDashboard, startReadyDashboard } from '../support/dashboard-rig.ts';
import { eventually } from '../support/eventually.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { scriptedFleet } from '../support/scripted-fleet.ts';

let nats: NatsServer;
let fleet: FleetId;
let coordinator: TestCoordinator;
let muster: Muster;
let api: DashboardRig;
let folder: string;

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-api-'));
  fleet = newFleet();
  coordinator = await startCoordinator({ url: nats.url, fleet });
  muster = await connectMuster({ url: nats.url, fleet, principal: 'tester' });
  api = await startReadyDashboard({ natsUrl: nats.url, fleet });
  await eventually(async () => (await api.get('/v1/fleet')).status === 200, { what: 'a fleet to show' });
});
afterEach(async () => {
  await api.stop();
  await muster.close();
  await coordinator.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** By the fleet itself: the dashboard must find out. */
async function registerServers(count: number): Promise<string[]> {
  const fleetOf = scriptedFleet(coordinator.bus, fleet);
  const names = Array.from({ length: count }, (_, index) => `web${String(index).padStart(4, '0')}`);
  await Promise.all(names.map((name, index) => fleetOf.register(name, 10_000 + index)));
  const last = (await muster.query('servers', {})) as { position: number };
  await eventually(async () => (await api.get('/v1/fleet')).body.position >= last.position);
  return names;
}

describe('questions', () => {
  it('are answered as the coordinator answers them', async () => {
    await registerServers(3);
    await api.command('server.join', { server: 'web0001', group: 'Production' });
    for (const [name, path] of [
      ['groups', '/v1/groups'],
      ['projects', '/v1/projects'],
      ['deployments', '/v1/deployments'],
      ['balancers', '/v1/balancers'],
    ] as const) {
      const answer = await muster.query(name, {});
      if (answer.status === 'error') throw new Error(answer.message);
      await eventually(async () => {
        const { body } = await api.get(path);
        expect(body.items).toEqual(normal(answer.data));
        return body.position >= answer.position;
      });
    }
    const { body } = await api.get('/v1/servers/web0001');
    expect(body.item).toMatchObject({ server: 'web0001', status: 'syncing', group: 'production' });
    const { body: overview } = await api.get('/v1/fleet');
    expect(overview.item).toMatchObject({
      fleet,
      servers: 3,
      available: [{ server: 'web0000' }, { server: 'web0002' }],
    });
    await eventually(async () => {
      const { body: heard } = await api.get('/v1/coordinators');
      expect(heard.items).toMatchObject([{ role: 'leader', term: 1 }]);
      return true;
    });
    await eventually(async () => (await api.get('/v1/fleet')).body.item.leader?.term === 1);
    const { body: signer } = await api.get('/v1/key');
    expect(signer).toMatchObject({ code: 'unsigned', status: 404 });
  });

  /** The order of balancers and the term of a beat are none of its business; times are. */
  const normal = (data: unknown) => JSON.parse(JSON.stringify(data)) as unknown;

  it('are answered of the past, and say so', async () => {
    const before = (await api.get('/v1/fleet')).body.position as number;
    await registerServers(2);
    const joined = await api.command('server.join', { server: 'web0000', group: 'Production' });
    const then = await api.get(`/v1/groups/production?at=${before}`);
    expect(then.body).toMatchObject({ position: before, at: expect.any(Number), item: { servers: [] } });
    const now = await api.get('/v1/groups/production');
    expect(now.body).not.toHaveProperty('at');
    expect(now.body.item.servers).toEqual([{ server: 'web0000', status: 'syncing' }]);
    const byTime = await api.get(`/v1/servers?at=${new Date(then.body.at).toISOString()}`);
    expect(byTime.body).toMatchObject({ position: before, items: [] });
    const between = await api.get(`/v1/diff?from=${before}&to=${joined.body.position}`);
    expect(between.body.items).toContainEqual(
      expect.objectContaining({ what: 'member', group: 'production', name: 'web0000', before: null }),
    );
    for (const at of ['99999', '2020-01-01T00:00:00Z']) {
      expect(await api.get(`/v1/groups?at=${at}`)).toMatchObject({ status: 404, body: { code: 'unknown-position' } });
    }
    expect(await api.get('/v1/groups?at=yesterday')).toMatchObject({
      status: 400,
      body: { code: 'invalid', field: 'at' },
    });
  });

  it('about many instants are answered, also when whoever asks goes back through them faster than they are folded', async () => {
    await registerServers(20);
    const head = (await api.get('/v1/fleet')).body.position as number;
    const instants = Array.from({ length: 6 }, (_, index) => head - 1 - index);
    const answers = await Promise.all(instants.map((at) => api.get(`/v1/groups?at=${at}`, {})));
    expect(answers.map(({ body }) => body.position)).toEqual(instants);
    expect((await api.get(`/v1/groups?at=${head - 10}`)).body.position).toBe(head - 10);
  });

  it('about many servers come in pages that together hold each once, in order', async () => {
    const names = await registerServers(230);
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await api.get(`/v1/servers?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ server }: { server: string }) => server));
      cursor = body.next ?? '';
      // What is behind the cursor already does not shift what is before it.
      if (page === 0) await api.command('server.retire', { server: 'web0000' });
    }
    expect(cursor).toBe('');
    expect(seen).toEqual(names);
    const some = await api.get('/v1/servers?ids=web0007,web0003,nobody&status=available');
    expect(some.body.items.map(({ server }: { server: string }) => server)).toEqual(['web0003', 'web0007']);
    expect((await api.get('/v1/servers?q=E022')).body.items).toHaveLength(0);
    expect((await api.get('/v1/servers?q=B022')).body.items).toHaveLength(10);
  });

  it('about what is not there are a 404 with a code', async () => {
    for (const [path, code] of [
      ['/v1/groups/nowhere', 'unknown-group'],
      ['/v1/servers/nobody', 'unknown-server'],
      ['/v1/projects/nothing', 'unknown-project'],
      ['/v1/pools/nowhere', 'unknown-group'],
      ['/v1/servers?group=nowhere', 'unknown-group'],
      ['/v1/nothing', 'unknown-route'],
    ]) {
      const answer = await api.get(path ?? '');
      expect(answer, path).toMatchObject({ status: 404, body: { code, status: 404 } });
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
  });

  it('why something is so are answered with the events that led there', async () => {
    await registerServers(1);
    const { body: joined } = await api.command('server.join', {
      server: 'web0000',
      group: 'Production',
      reason: 'more',
    });
    const { body } = await api.get('/v1/why/server/web0000');
    expect(body.standing.status).toContain('syncing');
    expect(body.steps[0]).toMatchObject({
      text: 'server web0000 joins production',
      event: { position: joined.position },
    });
    expect((await api.get(`/v1/why/position/${joined.position}`)).body.steps[0].event.reason).toBe('more');
    expect((await api.get('/v1/why/deployment/hello/Production')).body.standing.status).toBe('not deployed');
  });
});

describe('a command', () => {
  it('is decided by the fleet, under the name of who asked, and seen by the next question', async () => {
    const { status, body, headers } = await api.command('group.create', { group: 'Edge', reason: 'a new site' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'accepted',
      repeated: false,
      text: 'group Edge is there',
      event: { type: 'group.created', principal: 'dashboard', reason: 'a new site', position: body.position },
    });
    const seen = await api.get('/v1/groups/edge');
    expect(seen.body.item.name).toBe('Edge');
    expect(seen.headers.get('etag')).toBe(headers.get('etag'));
  });

  it('is one however often it is sent with its key, through whichever dashboard', async () => {
    const key = { 'idempotency-key': 'create-edge-1' };
    const first = await api.command('group.create', { group: 'Edge' }, key);
    const other = await startReadyDashboard({ natsUrl: nats.url, fleet });
    try {
      const again = await other.command('group.create', { group: 'Edge' }, key);
      expect(again.body).toMatchObject({ position: first.body.position, repeated: true });
      const reused = await other.command('group.create', { group: 'Other' }, key);
      expect(reused).toMatchObject({ status: 409, body: { code: 'id-reused' } });
    } finally {
      await other.stop();
    }
  });

  it('given for a state that has moved since is refused', async () => {
    const { headers } = await api.get('/v1/groups/production');
    const seen = { 'if-match': headers.get('etag') ?? '' };
    const change = (drainTimeoutMs: number) => ({ group: 'Production', policy: { drainTimeoutMs } });
    expect(await api.command('group.configure', change(5_000), seen)).toMatchObject({ status: 200 });
    expect(await api.command('group.configure', change(6_000), seen)).toMatchObject({
      status: 412,
      body: { code: 'conflict' },
    });
    const { headers: newer } = await api.get('/v1/groups/production');
    expect(await api.command('group.configure', change(6_000), { 'if-match': newer.get('etag') ?? '' })).toMatchObject({
      status: 200,
    });
  });

  it('that is refused says why, with the position at which the log holds the refusal', async () => {
    const refused = await api.command('server.join', { server: 'nobody', group: 'Production' });
    expect(refused).toMatchObject({ status: 404, body: { code: 'unknown-server', position: expect.any(Number) } });
    const { body } = await api.get('/v1/events?limit=1&rejected=true');
    expect(body.items[0].event).toMatchObject({ type: 'command.rejected', position: refused.body.position });
    expect(await api.command('group.create', { group: 'Production' })).toMatchObject({
      status: 409,
      body: { code: 'group-exists' },
    });
  });

  it('that is none never reaches the fleet', async () => {
    const before = (await muster.query('coordinator', {})) as { position: number };
    const bad = [
      await api.command('group.create', { grup: 'Edge' }),
      await api.command('group.create', { group: 'Edge', policy: { leaseMs: 'long' } }),
      await api.command('group.set-servers', { group: 'Production' }),
      await api.command('group.create', { group: 'Edge' }, { 'idempotency-key': 'no.dots.please' }),
      await api.command('group.create', { group: 'Edge' }, { 'if-match': 'yesterday' }),
    ];
    for (const { status, body } of bad) {
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'invalid', issues: expect.any(Array) });
    }
    expect(await api.command('group.make', { group: 'Edge' })).toMatchObject({ status: 404 });
    expect(await api.command('server.ready', { server: 'web' })).toMatchObject({ status: 404 });
    const text = await api.command('group.create', { group: 'Edge' }, { 'content-type': 'text/plain' });
    expect(text).toMatchObject({ status: 415 });
    const long = { group: 'Edge', reason: 'x'.repeat(600 * 1024) };
    expect(await api.command('group.create', long)).toMatchObject({ status: 413, body: { code: 'too-large' } });
    const after = (await muster.query('coordinator', {})) as { position: number };
    expect(after.position).toBe(before.position);
  });
});

describe('what would come of a command', () => {
  it('is told by the fleet’s own rules, and nothing is sent', async () => {
    await registerServers(2);
    const before = (await api.get('/v1/fleet')).body.position;
    const ask = (type: string, body: object, headers = {}) => api.command(type, body, headers, '/v1/what-if/');
    const told = await ask('group.set-servers', { group: 'Production', add: ['web0000', 'web0001'] });
    expect(told).toMatchObject({ status: 200, body: { position: before, settled: true } });
    expect(told.body.decisions).toMatchObject([{ status: 'accepted', event: { type: 'group.servers-set' } }]);
    const pools = told.body.transitions.filter(({ kind }: { kind: string }) => kind === 'pool');
    expect(pools.at(-1)).toMatchObject({ group: 'production', serving: 2 });
    const refused = await ask('server.join', { server: 'nobody', group: 'Production' });
    expect(refused.body.decisions).toMatchObject([{ status: 'rejected', rejection: { code: 'unknown-server' } }]);
    const moved = await ask('server.join', { server: 'web0000', group: 'Production' }, { 'if-match': '"1"' });
    expect(moved.body.decisions).toMatchObject([{ status: 'rejected', rejection: { code: 'conflict' } }]);
    expect((await api.get('/v1/fleet')).body.position).toBe(before);
    expect((await api.get('/v1/servers?available=true')).body.items).toHaveLength(2);
  });
});

describe('the log', () => {
  it('is told in pages, either way, with the filters of the command line', async () => {
    await registerServers(5);
    for (const server of ['web0000', 'web0001']) await api.command('server.join', { server, group: 'Production' });
    await api.command('server.join', { server: 'web0002', group: 'Development' });
    const walk = async (query: string) => {
      const found: number[] = [];
      for (let cursor = ''; ; ) {
        const { body } = await api.get(`/v1/events?limit=3&${query}${cursor}`);
        found.push(...body.items.map(({ event }: { event: { position: number } }) => event.position));
        if (body.next === undefined) return found;
        cursor = `&cursor=${body.next}`;
      }
    };
    const all: number[] = [];
    const ofProduction: number[] = [];
    for await (const event of muster.events({ follow: false })) {
      all.push(event.position);
      if (JSON.stringify(event.data).toLowerCase().includes('"production"') && event.type !== 'command.rejected') {
        ofProduction.push(event.position);
      }
    }
    // The feed follows the log.
    const to = `to=${all.at(-1)}`;
    expect(await walk(`order=asc&${to}`)).toEqual(all);
    expect(await walk(`order=desc&${to}`)).toEqual(all.toReversed());
    expect(await walk(`order=asc&group=Production&${to}`)).toEqual(ofProduction);
    expect(await walk('from=3&to=6&order=asc')).toEqual([3, 4, 5, 6]);
    expect(await walk('type=server.joined,server.left&order=asc')).toHaveLength(3);
    expect(await walk('server=web0002')).toHaveLength(2);
    expect(await walk('principal=dashboard')).toHaveLength(3);
    expect(await walk(`since=1h&order=asc&${to}`)).toEqual(all);
    expect(await walk('until=1h')).toEqual([]);
    expect(await api.get('/v1/events?type=server.exploded')).toMatchObject({ status: 400, body: { field: 'type' } });
  });

  it('comes as a file that proves itself', async () => {
    await registerServers(2);
    const response = await fetch(`${api.url}/v1/export`);
    expect(response.headers.get('content-disposition')).toContain(`${fleet}-`);
    const path = join(folder, 'log.ndjson.gz');
    writeFileSync(path, Buffer.from(await response.arrayBuffer()));
    const verdict = await verify(exportFile(path), { signal: new AbortController().signal });
    expect(verdict).toMatchObject({ status: 'whole', last: (await api.get('/v1/fleet')).body.position });
  });
});

describe('who asks', () => {
  const token = (name: string) => ({ authorization: `Bearer ${name}s-token` });
  let guarded: DashboardRig;

  beforeEach(async () => {
    const accessFile = join(folder, 'access.yaml');
    const lines = ['alice: admin', 'bob: operator', 'carol: viewer'].map((each) => {
      const [name, role] = each.split(': ');
      const sha256 = createHash('sha256').update(`${name}s-token`).digest('hex');
      return `  - { name: ${name}, role: ${role}, sha256: ${sha256} }`;
    });
    writeFileSync(accessFile, `tokens:\n${lines.join('\n')}\n`);
    guarded = await startReadyDashboard({ natsUrl: nats.url, fleet, accessFile, requestsPerMinute: 60 });
  });
  afterEach(() => guarded.stop());

  it('is asked for a token, everywhere but where nothing is told', async () => {
    for (const path of ['/v1/fleet', '/v1/session', '/v1/events', '/metrics', '/v1/export']) {
      const answer = await guarded.get(path);
      expect(answer, path).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await guarded.get(path, { authorization: 'Bearer guess' }), path).toMatchObject({ status: 401 });
    }
    for (const path of ['/livez', '/readyz', '/version', '/openapi.json']) {
      expect(await guarded.get(path), path).toMatchObject({ status: 200 });
    }
    expect((await guarded.get('/v1/session', token('bob'))).body).toEqual({
      principal: 'bob',
      role: 'operator',
      open: false,
      version: 'unknown',
      fleet,
    });
  });

  it('may what the role says, and stands in the log by name', async () => {
    const create = { group: 'Edge' };
    expect(await guarded.command('group.create', create)).toMatchObject({ status: 401 });
    for (const name of ['bob', 'carol']) {
      const refused = await guarded.command('group.create', create, token(name));
      expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    const created = await guarded.command('group.create', create, token('alice'));
    expect(created.body.event.principal).toBe('alice');
    const deleted = await guarded.command('group.delete', create, token('alice'));
    expect(deleted.body.event.principal).toBe('alice');
    await registerServers(1);
    const join = { server: 'web0000', group: 'Production' };
    expect(await guarded.command('server.join', join, token('carol'))).toMatchObject({ status: 403 });
    const joined = await guarded.command('server.join', join, token('bob'));
    expect(joined.body.event.principal).toBe('bob');
    expect((await guarded.get('/v1/servers/web0000', token('carol'))).body.item.group).toBe('production');
  });

  it('is told to come back after too many questions, without holding up others', async () => {
    const answers = await Promise.all(Array.from({ length: 70 }, () => guarded.get('/v1/session', token('carol'))));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.body.code).toBe('overloaded');
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await guarded.get('/v1/session', token('bob'))).toMatchObject({ status: 200 });
  });
});

describe('without tokens', () => {
  it('no page of another site gets anything, under whatever name', async () => {
    const { port } = new URL(api.url);
    expect(await api.get('/v1/fleet', { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
    expect(await api.get('/v1/fleet', { 'sec-fetch-site': 'same-site' })).toMatchObject({ status: 403 });
    expect(await api.get('/v1/fleet', { 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 });
    const rebound = await fetchAs(`rebound.example.com:${port}`, Number(port), '/v1/fleet');
    expect(rebound).toBe(421);
    expect(await fetchAs(`localhost:${port}`, Number(port), '/v1/fleet')).toBe(200);
    const preflight = await fetch(`${api.url}/v1/commands/group/create`, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(preflight.ok).toBe(false);
  });

  it('it does not start where others could reach it', async () => {
    await expect(startDashboard({ natsUrl: nats.url, fleet, host: '0.0.0.0' })).rejects.toThrow(/refusing to listen/);
  });
});

describe('the process', () => {
  it('lives before there is a fleet, and is ready once there is', async () => {
    const early = newFleet();
    const waiting = await startDashboard({ natsUrl: nats.url, fleet: early });
    try {
      expect(await waiting.get('/livez')).toMatchObject({ status: 200 });
      expect(await waiting.get('/readyz')).toMatchObject({ status: 503 });
      expect(await waiting.get('/v1/fleet')).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      const late = await startCoordinator({ url: nats.url, fleet: early });
      await eventually(async () => (await waiting.get('/v1/fleet')).status === 200, { what: 'the fleet to be there' });
      await late.stop();
    } finally {
      await waiting.stop();
    }
  });

  it('says to Prometheus how the fleet stands, and what it was asked', async () => {
    await registerServers(2);
    await api.command('server.join', { server: 'web0000', group: 'Production' });
    const { body } = await api.get('/metrics');
    expect(body).toContain('muster_servers{group="production",status="syncing"} 1');
    expect(body).toContain('muster_servers{group="",status="available"} 1');
    expect(body).toContain('muster_http_requests_total{method="POST",route="/v1/commands/server/join",status="200"} 1');
    expect(body).toMatch(/^muster_bus_connected 1$/m);
  });

  it('carries on over a restart of NATS', async () => {
    const stream = await api.listen();
    await nats.kill('SIGKILL');
    await stream.until(
      ({ event, data }) => event === 'beat' && data.bus === 'disconnected',
      'to hear that NATS is away',
    );
    expect((await api.get('/v1/groups')).body.items).toHaveLength(2);
    expect(await api.command('group.create', { group: 'Edge' })).toMatchObject({
      status: 503,
      body: { code: 'disconnected' },
    });
    await nats.restart();
    await stream.until(({ event, data }) => event === 'beat' && data.bus === 'connected', 'to hear that NATS is back');
    await eventually(async () => (await api.command('group.create', { group: 'Edge' })).status === 200, {
      timeoutMs: 30_000,
      what: 'the fleet to decide again',
    });
    await stream.until(({ data }) => data?.event?.type === 'group.created', 'to hear of it');
    const asked = () => muster.query('group', { group: 'Edge' as GroupName });
    expect(await eventually(async () => (await asked()).status === 'ok')).toBe(true);
  });
});

/** `fetch` does not let one say another host. */
async function fetchAs(host: string, port: number, path: string): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });
}
