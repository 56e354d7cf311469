/** The agent against a real NATS server and over real HTTP; the test plays the coordinator. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FleetId, LogId, ServerId } from '../../schemas/ids.ts';
import type { Receipt } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { type GatewayOptions, type RunningGateway, runGateway } from '../../services/gateway/run.ts';
import { type PackedBundle, packFolder } from '../../src/bundles/pack.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { HandCoordinator } from '../support/hand-coordinator.ts';
import { openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const server = ServerId.parse('edge-1');
const firstLog = LogId.parse('log-number-1');
let nats: NatsServer;
let root: string;
let fleet: FleetId;
let bus: Bus;
let coordinator: HandCoordinator;
const gateways: RunningGateway[] = [];

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'muster-agent-'));
  fleet = FleetId.parse(uniqueName('f'));
  bus = await openBus(nats.url);
  coordinator = await HandCoordinator.start(bus, { fleet, server, log: firstLog });
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await coordinator.stop();
  await bus.close();
  rmSync(root, { recursive: true, force: true });
});

async function start(changes: Partial<GatewayOptions> = {}): Promise<{ gateway: RunningGateway; url: string }> {
  const options: GatewayOptions = {
    name: server,
    fleet,
    listen: '127.0.0.1:0',
    natsUrl: nats.url,
    dataDirectory: join(root, 'data'),
    beatIntervalMs: 100,
    drainTimeoutMs: 2_000,
    noticeMs: 50,
    ...changes,
  };
  const gateway = await runGateway(options, silentLogger);
  gateways.push(gateway);
  return { gateway, url: `http://127.0.0.1:${gateway.address.port}` };
}

async function stop(gateway: RunningGateway): Promise<void> {
  gateways.splice(gateways.indexOf(gateway), 1);
  await gateway.stop();
}

async function pack(name: string, routes: unknown[], more: object = {}): Promise<PackedBundle> {
  const folder = join(root, uniqueName(name));
  mkdirSync(folder);
  writeFileSync(join(folder, 'project.yaml'), JSON.stringify({ name, routes, ...more }));
  return packFolder(folder);
}

const answer = (path: string, more: object = {}) => ({
  path,
  respond: { body: '{{project}}@{{version}} on {{server}}', ...more },
});
async function receiptAt(position: number): Promise<Receipt> {
  const receipt = await eventually(() => coordinator.receiptAt(position), { what: `the receipt at ${position}` });
  return receipt as Receipt;
}
const bundlesOnDisk = () => readdirSync(join(root, 'data/bundles')).sort();

describe('an agent', () => {
  it('registers, takes its assignment and directive, serves the projects and proves it', async () => {
    const [hello, orders] = [
      await pack('hello', [answer('/hello')]),
      await pack('orders', [answer('/orders')], { health: '/orders' }),
    ];
    const { url, gateway } = await start();
    await eventually(() => coordinator.registrations.length === 1);
    expect(coordinator.registrations[0]).toMatchObject({
      server,
      address: { host: '127.0.0.1', port: gateway.address.port },
    });
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    await coordinator.upload(hello);
    await coordinator.upload(orders);
    const position = await coordinator.direct('edge', [
      { bundle: hello, version: '1.0.0' },
      { bundle: orders, version: '2.0.0' },
    ]);
    await coordinator.assign('edge');
    const receipt = await receiptAt(position);
    expect(receipt).toMatchObject({ server, log: firstLog, term: 1, serving: 'yes', failures: [] });
    expect(receipt.projects).toEqual([
      { project: 'hello', version: '1.0.0' },
      { project: 'orders', version: '2.0.0' },
    ]);
    expect(await (await fetch(`${url}/orders`)).text()).toBe('orders@2.0.0 on edge-1');
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    await eventually(() => coordinator.beats.at(-1)?.directive.position === position);
    expect(coordinator.beats.at(-1)).toMatchObject({ healthy: true, log: firstLog, inFlight: 0 });
    expect(bundlesOnDisk()).toEqual([hello.digest, orders.digest].sort());
  });

  it('catches up by direct get when it missed what was published', async () => {
    const hello = await pack('hello', [answer('/hello')]);
    await coordinator.upload(hello);
    const position = await coordinator.direct('edge', [{ bundle: hello, version: '1.0.0' }]);
    await coordinator.assign('edge');
    const { url } = await start();
    await receiptAt(position);
    expect((await fetch(`${url}/hello`)).status).toBe(200);
  });

  it('sends its receipt again when the leader has another', async () => {
    await start();
    const position = await coordinator.direct('edge', []);
    await coordinator.assign('edge');
    await receiptAt(position);
    coordinator.receipts.length = 0;
    await receiptAt(position);
  });

  it('keeps what works of a set: the failed project stays on its last good version', async () => {
    const first = await pack('hello', [answer('/hello')], { health: '/hello' });
    const sick = await pack('hello', [answer('/hello', { status: 500 })], { health: '/hello' });
    const orders = await pack('orders', [answer('/orders')]);
    for (const bundle of [first, sick, orders]) await coordinator.upload(bundle);
    const { url } = await start();
    await coordinator.direct('edge', [{ bundle: first, version: '1.0.0' }]);
    await coordinator.assign('edge');
    await eventually(async () => (await fetch(`${url}/hello`)).status === 200);
    const position = await coordinator.direct('edge', [
      { bundle: sick, version: '2.0.0' },
      { bundle: orders, version: '1.0.0' },
    ]);
    const receipt = await receiptAt(position);
    expect(receipt.failures).toEqual([{ project: 'hello', version: '2.0.0', text: 'GET /hello answered 500' }]);
    expect(receipt.projects).toEqual([
      { project: 'hello', version: '1.0.0' },
      { project: 'orders', version: '1.0.0' },
    ]);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('hello@1.0.0 on edge-1');
    expect((await fetch(`${url}/orders`)).status).toBe(200);
  });

  it('refuses bytes of another digest, keeps the old set, and takes the right ones when they are there', async () => {
    const good = await pack('hello', [answer('/hello')]);
    const next = await pack('hello', [answer('/hello'), answer('/more')]);
    await coordinator.upload(good);
    await coordinator.upload({ ...good, digest: next.digest });
    const { url } = await start();
    const before = await coordinator.direct('edge', [{ bundle: good, version: '1.0.0' }]);
    await coordinator.assign('edge');
    await receiptAt(before);
    const position = await coordinator.direct('edge', [{ bundle: next, version: '2.0.0' }]);
    const receipt = await receiptAt(position);
    expect(receipt.failures[0]?.text).toMatch(/digest is .* not/);
    expect(receipt.projects).toEqual([{ project: 'hello', version: '1.0.0' }]);
    expect((await fetch(`${url}/hello`)).headers.get('x-muster-project')).toBe('hello@1.0.0');
    expect(bundlesOnDisk()).toEqual([good.digest]);
    await bus.objects(`MUSTER_${fleet}_BUNDLES`).remove(next.digest);
    await coordinator.upload(next);
    await eventually(() => coordinator.receiptAt(position)?.failures.length === 0);
    expect((await fetch(`${url}/more`)).headers.get('x-muster-project')).toBe('hello@2.0.0');
  });

  it('drains on a directive, and holds nothing once it is in no group', async () => {
    const slow = await pack('slow', [answer('/slow', { delayMs: 700 }), answer('/fast')]);
    await coordinator.upload(slow);
    const { url } = await start();
    const set = [{ bundle: slow, version: '1.0.0' }];
    const position = await coordinator.direct('edge', set);
    await coordinator.assign('edge');
    await receiptAt(position);
    const inFlight = fetch(`${url}/slow`);
    await eventually(() => coordinator.beats.at(-1)?.inFlight === 1);
    const receipt = await receiptAt(await coordinator.direct('edge', set, 'draining'));
    expect(receipt).toMatchObject({ serving: 'draining', failures: [] });
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    expect((await fetch(`${url}/fast`)).headers.get('connection')).toBe('close');
    await coordinator.assign(null);
    expect((await inFlight).status).toBe(200);
    expect(await receiptAt(coordinator.position)).toMatchObject({ projects: [], serving: 'draining' });
    expect((await fetch(`${url}/fast`)).status).toBe(404);
    expect(bundlesOnDisk()).toEqual([]);
  });

  it('is not held up, on its way out, by a bundle it does not have, and fetches it once it is out', async () => {
    const never = await pack('never', [answer('/never')]);
    await start();
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', []));
    const position = await coordinator.direct('edge', [{ bundle: never, version: '1' }], 'draining');
    const receipt = await receiptAt(position);
    expect(receipt.failures[0]?.text).toBe('not fetched, since the server is draining');
    expect(receipt.serving).toBe('draining');
    await coordinator.upload(never);
    await eventually(() => coordinator.receiptAt(position)?.failures.length === 0);
    expect(coordinator.receiptAt(position)).toMatchObject({ serving: 'draining', projects: [{ project: 'never' }] });
  });

  it('moves between groups, and refuses older words, other servers and other logs', async () => {
    const [one, two] = [await pack('one', [answer('/one')]), await pack('two', [answer('/two')])];
    await coordinator.upload(one);
    await coordinator.upload(two);
    const { url } = await start();
    const old = await coordinator.direct('a', [{ bundle: one, version: '1' }]);
    await coordinator.assign('a');
    await receiptAt(old);
    const position = await coordinator.direct('b', [{ bundle: two, version: '1' }]);
    await coordinator.assign('b');
    await receiptAt(position);
    const subject = subjects.directive(fleet, 'b' as never, server);
    const empty = { server, group: 'b', serving: 'yes', projects: [], term: 1 };
    await coordinator.store(subject, { ...empty, log: firstLog, position: old });
    await coordinator.store(subject, { ...empty, log: 'another-log', position: 1_000 });
    await coordinator.store(subject, { ...empty, log: firstLog, position: 1_000, server: 'edge-2' });
    await coordinator.store(subject, 'nonsense');
    const last = await coordinator.direct('b', [{ bundle: two, version: '2' }]);
    await receiptAt(last);
    expect(coordinator.receipts.map((receipt) => receipt.position).filter((at) => at === 1_000)).toEqual([]);
    expect((await fetch(`${url}/two`)).headers.get('x-muster-project')).toBe('two@2');
    expect((await fetch(`${url}/one`)).status).toBe(404);
  });

  it('carries out a row of directives under a loop of requests without one failing', async () => {
    const [one, two] = [
      await pack('hello', [answer('/hello')]),
      await pack('hello', [answer('/hello'), answer('/two')]),
    ];
    await coordinator.upload(one);
    await coordinator.upload(two);
    const { url } = await start();
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle: one, version: '0' }]));
    let running = true;
    let answered = 0;
    const client = async () => {
      while (running) {
        const got = await fetch(`${url}/hello`, { method: 'POST', body: 'x' });
        expect(await got.text()).toMatch(/^hello@\d+ on edge-1$/);
        answered += 1;
      }
    };
    const clients = [client(), client(), client()];
    for (let version = 1; version <= 12; version += 1) {
      const bundle = version % 2 === 0 ? one : two;
      await receiptAt(await coordinator.direct('edge', [{ bundle, version: String(version) }]));
    }
    await eventually(() => answered > 100);
    running = false;
    await Promise.all(clients);
  });

  it('keeps the last two good sets on disk and no more', async () => {
    const bundles = await Promise.all([1, 2, 3].map((at) => pack('hello', [answer(`/v${at}`)])));
    const { url } = await start();
    await coordinator.assign('edge');
    for (const [at, bundle] of bundles.entries()) {
      await coordinator.upload(bundle);
      await receiptAt(await coordinator.direct('edge', [{ bundle, version: `${at}` }]));
    }
    expect(bundlesOnDisk()).toEqual(
      bundles
        .slice(1)
        .map(({ digest }) => digest)
        .sort(),
    );
    expect((await fetch(`${url}/v3`)).status).toBe(200);
  });
});

describe('an agent that restarts', () => {
  it('serves from disk at once, with NATS down, and proves it under its new instance when it is back', async () => {
    const hello = await pack('hello', [answer('/hello')]);
    await coordinator.upload(hello);
    const { gateway } = await start();
    const position = await coordinator.direct('edge', [{ bundle: hello, version: '1.0.0' }]);
    await coordinator.assign('edge');
    const { instance } = await receiptAt(position);
    await nats.kill('SIGKILL');
    expect((await fetch(`http://127.0.0.1:${gateway.address.port}/hello`)).status, 'with NATS killed').toBe(200);
    await stop(gateway);
    const { url } = await start();
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('hello@1.0.0 on edge-1');
    await nats.restart();
    const again = await eventually(() => coordinator.receipts.find((receipt) => receipt.instance !== instance), {
      timeoutMs: 30_000,
    });
    expect(again).toMatchObject({ position, projects: [{ project: 'hello', version: '1.0.0' }], failures: [] });
  });

  it('fetches again what the disk lost', async () => {
    const hello = await pack('hello', [answer('/hello')]);
    await coordinator.upload(hello);
    const first = await start();
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle: hello, version: '1.0.0' }]));
    await stop(first.gateway);
    rmSync(join(root, 'data/bundles', hello.digest, 'project.yaml'));
    const { url } = await start();
    await eventually(async () => (await fetch(`${url}/hello`)).status === 200);
  });

  it('stays away when it was retired under this log, and registers under another', async () => {
    const { gateway } = await start();
    await eventually(
      () => JSON.parse(readFileSync(join(root, 'data/applied.json'), 'utf8')).registeredUnder === firstLog,
    );
    await stop(gateway);
    coordinator.known = false;
    const registered = coordinator.registrations.length;
    await start();
    const beats = coordinator.beats.length;
    await eventually(() => coordinator.beats.length > beats + 5);
    expect(coordinator.registrations.length).toBe(registered);
    coordinator.log = LogId.parse('log-number-2');
    await eventually(() => coordinator.registrations.length === registered + 1);
  });

  it('beats as often as the leader says', async () => {
    coordinator.beatMs = 40;
    await start({ beatIntervalMs: undefined });
    // By itself it would take twenty seconds.
    await eventually(() => coordinator.beats.length > 20, { what: 'twenty beats' });
  });

  it('sends no command where the fleet holds it just so, and registers again once it is told that it does not', async () => {
    coordinator.registered = true;
    const { url } = await start();
    await eventually(
      () => JSON.parse(readFileSync(join(root, 'data/applied.json'), 'utf8')).registeredUnder === firstLog,
    );
    expect(coordinator.beats[0]?.registers).toMatchObject({ address: { port: Number(new URL(url).port) } });
    const beats = coordinator.beats.length;
    await eventually(() => coordinator.beats.length > beats + 5);
    expect(coordinator.beats.at(-1)?.registers).toBeUndefined();
    expect(coordinator.registrations).toEqual([]);
    // As one that drained itself to stop, whose drain was decided only now.
    coordinator.registered = false;
    await eventually(() => coordinator.registrations.length > 0, { what: 'it to register' });
  });

  it('goes on serving what it holds under a new fleet, until that says otherwise', async () => {
    const hello = await pack('hello', [answer('/hello')]);
    await coordinator.upload(hello);
    const { url } = await start();
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle: hello, version: '1.0.0' }]));
    coordinator.log = LogId.parse('log-number-2');
    coordinator.position = 0;
    await eventually(() => coordinator.beats.at(-1)?.log === coordinator.log);
    expect((await fetch(`${url}/hello`)).status).toBe(200);
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', []));
    expect((await fetch(`${url}/hello`)).status).toBe(404);
  });
});

describe('an agent that stops', () => {
  it('lets what is in flight finish, and is cut short by a second call', async () => {
    const slow = await pack('slow', [answer('/slow', { delayMs: 500 }), answer('/stuck', { delayMs: 600_000 })]);
    await coordinator.upload(slow);
    const one = await start();
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle: slow, version: '1' }]));
    const work = fetch(`${one.url}/slow`);
    await eventually(() => coordinator.beats.at(-1)?.inFlight === 1);
    const [finished] = await Promise.all([work, stop(one.gateway)]);
    expect(finished.status).toBe(200);
    await expect(fetch(`${one.url}/slow`)).rejects.toThrow();
    const two = await start({ drainTimeoutMs: 600_000 });
    const stuck = fetch(`${two.url}/stuck`).catch((error: unknown) => error);
    await eventually(() => coordinator.beats.at(-1)?.inFlight === 1);
    const stopping = stop(two.gateway);
    await two.gateway.stop();
    await stopping;
    expect(await stuck).toBeInstanceOf(Error);
    await two.gateway.ended;
  });
});

describe('what a deployment probes', () => {
  it('is asked for as long as it is held, also of a version held before, and heartbeats say what did not answer', async () => {
    let status = 200;
    const upstream = await listening((response) => response.writeHead(status).end());
    const hello = await pack('hello', [{ path: '/x', upstream: upstream.origin }]);
    await coordinator.upload(hello);
    await start({ healthIntervalMs: 50 });
    await coordinator.assign('edge');
    const held = { bundle: hello, version: '1' };
    await receiptAt(await coordinator.direct('edge', [held]));
    const probe = { path: '/x' };
    expect((await receiptAt(await coordinator.direct('edge', [{ ...held, probe }]))).failures).toEqual([]);
    status = 503;
    await eventually(() => coordinator.beats.at(-1)?.healthy === false, { what: 'an unwell heartbeat' });
    expect(coordinator.beats.at(-1)).toMatchObject({ problem: 'hello: GET /x answered 503' });
    status = 200;
    await eventually(() => coordinator.beats.at(-1)?.healthy === true, { what: 'a well heartbeat' });
    expect(coordinator.beats.at(-1)?.problem).toBeUndefined();
    await upstream.close();
  });
});

describe('the exec driver', () => {
  it('gives a command the unpacked set, blames what the command blames, and falls back to the last good set', async () => {
    const script = join(root, 'apply.sh');
    const log = join(root, 'log');
    writeFileSync(
      script,
      `echo "$MUSTER_SERVER $MUSTER_SERVING $(ls $MUSTER_SET | tr '\\n' ' ')" >> ${log}\n` +
        'for p in $MUSTER_SET/*; do if grep -q broken $p/project.yaml; then echo "failed $(basename $p) is broken"; exit 1; fi; done\n',
    );
    const [good, bad] = [await pack('good', []), await pack('bad', [], { note: 'broken' })];
    await coordinator.upload(good);
    await coordinator.upload(bad);
    const port = await freePort();
    await start({ driver: 'exec', command: ['sh', script], listen: `127.0.0.1:${port}` });
    await coordinator.assign('edge');
    const position = await coordinator.direct('edge', [
      { bundle: bad, version: '1' },
      { bundle: good, version: '1' },
    ]);
    const receipt = await receiptAt(position);
    expect(receipt.failures).toEqual([{ project: 'bad', version: '1', text: 'is broken' }]);
    expect(receipt.projects).toEqual([{ project: 'good', version: '1' }]);
    await receiptAt(await coordinator.direct('edge', [{ bundle: good, version: '1' }], 'draining'));
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim());
    expect(lines).toEqual([
      'edge-1 draining',
      'edge-1 draining bad good',
      'edge-1 draining good',
      'edge-1 yes good',
      'edge-1 draining good',
    ]);
    expect(coordinator.registrations[0]).toMatchObject({ address: { host: '127.0.0.1', port } });
    expect(coordinator.beats.every(({ inFlight }) => inFlight === undefined)).toBe(true);
  });

  it('asks the driven gateway for what a deployment probes, and goes back where it is not answered', async () => {
    const driven = await listening((response, url) => response.writeHead(url === '/ok' ? 302 : 500).end());
    const [one, two] = [await pack('good', []), await pack('good', [], { note: 'another' })];
    for (const bundle of [one, two]) await coordinator.upload(bundle);
    await start({ driver: 'exec', command: ['true'], listen: new URL(driven.origin).host });
    await coordinator.assign('edge');
    const held = { bundle: one, version: '1', probe: { path: '/ok' } };
    expect((await receiptAt(await coordinator.direct('edge', [held]))).failures).toEqual([]);
    const sick = { bundle: two, version: '2', probe: { path: '/sick' } };
    const receipt = await receiptAt(await coordinator.direct('edge', [sick]));
    const text = `GET ${driven.origin}/sick answered 500`;
    expect(receipt).toMatchObject({
      projects: [{ version: '1' }],
      failures: [{ project: 'good', version: '2', text }],
    });
    await driven.close();
  });

  it('tells what a command counts while it drains, and nothing where the command does not', async () => {
    const [good, count] = [await pack('good', []), join(root, 'count')];
    await coordinator.upload(good);
    writeFileSync(count, '2');
    const listen = `127.0.0.1:${await freePort()}`;
    await start({ driver: 'exec', command: ['true'], inFlightCommand: ['cat', count], listen });
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle: good, version: '1' }]));
    const becomes = (inFlight: number | undefined) =>
      eventually(() => coordinator.beats.at(-1)?.inFlight === inFlight, { what: `a beat with ${inFlight}` });
    await becomes(undefined);
    await receiptAt(await coordinator.direct('edge', [{ bundle: good, version: '1' }], 'draining'));
    await becomes(2);
    writeFileSync(count, 'many');
    await becomes(undefined);
    writeFileSync(count, '0');
    await becomes(0);
    await receiptAt(await coordinator.direct('edge', [{ bundle: good, version: '1' }]));
    await becomes(undefined);
  });
});

async function listening(
  answers: (response: ServerResponse, url: string) => unknown,
): Promise<{ readonly origin: string; close(): Promise<unknown> }> {
  const http = createServer((asked, response) => answers(response, asked.url ?? ''));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = () => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  };
  return { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close };
}
