/** What an agent does with what fails, and how it stops, against a real NATS server; the test plays the coordinator. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandId, FleetId, LogId, ServerId } from '../../schemas/ids.ts';
import type { Receipt } from '../../schemas/receipt.ts';
import { type GatewayOptions, type RunningGateway, runGateway } from '../../services/gateway/run.ts';
import { drainItself } from '../../src/agent/self-drain.ts';
import { syncAttemptsMax } from '../../src/agent/tries.ts';
import { type PackedBundle, packFolder } from '../../src/bundles/pack.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { eventually } from '../support/eventually.ts';
import { HandCoordinator } from '../support/hand-coordinator.ts';
import { openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { startLoad } from '../support/steady-load.ts';

const server = ServerId.parse('edge-1');
const log = LogId.parse('log-number-1');
let nats: NatsServer;
let root: string;
let fleet: FleetId;
let bus: Bus;
let coordinator: HandCoordinator;
const stoppers: (() => unknown)[] = [];

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'muster-agent-'));
  fleet = FleetId.parse(uniqueName('f'));
  bus = await openBus(nats.url);
  coordinator = await HandCoordinator.start(bus, { fleet, server, log });
});
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
  await coordinator.stop();
  await bus.close();
  rmSync(root, { recursive: true, force: true });
});

async function start(changes: Partial<GatewayOptions> = {}): Promise<{ gateway: RunningGateway; url: string }> {
  const gateway = await runGateway(
    {
      name: server,
      fleet,
      listen: '127.0.0.1:0',
      natsUrl: nats.url,
      dataDirectory: join(root, 'data'),
      beatIntervalMs: 100,
      drainTimeoutMs: 10_000,
      noticeMs: 50,
      healthIntervalMs: 50,
      ...changes,
    },
    silentLogger,
  );
  stoppers.push(() => gateway.stop());
  return { gateway, url: `http://127.0.0.1:${gateway.address.port}` };
}

async function pack(name: string, routes: unknown[], more: object = {}): Promise<PackedBundle> {
  const folder = join(root, uniqueName(name));
  mkdirSync(folder);
  writeFileSync(join(folder, 'project.yaml'), JSON.stringify({ name, routes, ...more }));
  return packFolder(folder);
}

const answer = (path: string, more: object = {}) => ({ path, respond: { body: 'answered', ...more } });

async function receiptAt(position: number): Promise<Receipt> {
  const receipt = await eventually(() => coordinator.receiptAt(position), { what: `the receipt at ${position}` });
  return receipt as Receipt;
}

/** Serving one project, in the group `edge`. */
async function startServing(routes: unknown[], changes: Partial<GatewayOptions> = {}) {
  const bundle = await pack('hello', routes);
  await coordinator.upload(bundle);
  const started = await start(changes);
  await coordinator.assign('edge');
  await receiptAt(await coordinator.direct('edge', [{ bundle, version: '1.0.0' }]));
  await eventually(() => coordinator.registrations.length > 0);
  return { ...started, bundle };
}

/** Each receipt once, though it is sent repeatedly. */
function receiptsAt(position: number): Receipt[] {
  const texts = coordinator.receipts
    .filter((receipt) => receipt.position === position)
    .map((one) => JSON.stringify(one));
  return [...new Set(texts)].map((text) => JSON.parse(text) as Receipt);
}

async function finalAt(position: number): Promise<Receipt> {
  const isFinal = () => {
    const receipt = coordinator.receiptAt(position);
    return receipt !== undefined && receipt.failures.length > 0 && receipt.retryAt === undefined;
  };
  await eventually(isFinal, { timeoutMs: 40_000, what: 'the last try' });
  return coordinator.receiptAt(position) as Receipt;
}

describe('what fails', () => {
  it('is tried a bounded number of times, told each time in the same words, and again at a new position', async () => {
    const good = await pack('good', [answer('/good')]);
    const missing = await pack('missing', [answer('/missing')]);
    await coordinator.upload(good);
    const { url } = await start();
    await coordinator.assign('edge');
    const set = [
      { bundle: good, version: '1.0.0' },
      { bundle: missing, version: '1.0.0' },
    ];
    const position = await coordinator.direct('edge', set);
    const first = await receiptAt(position);
    expect(first.retryAt).toBeGreaterThan(Date.now() - 5_000);
    expect((await fetch(`${url}/good`)).status, 'a good project beside one that fails').toBe(200);
    const last = await finalAt(position);
    const told = receiptsAt(position);
    expect(told).toHaveLength(syncAttemptsMax);
    for (const receipt of told) expect(receipt.failures).toEqual(first.failures);
    expect(last.projects).toEqual([{ project: 'good', version: '1.0.0' }]);
    await coordinator.upload(missing);
    const beats = coordinator.beats.length;
    await eventually(() => coordinator.beats.length > beats + 20);
    expect(receiptsAt(position), 'no further try').toHaveLength(syncAttemptsMax);
    expect(await receiptAt(await coordinator.direct('edge', set))).toMatchObject({ failures: [] });
    expect((await fetch(`${url}/missing`)).status).toBe(200);
  });

  it('is no failure of the bundle while there is no connection', async () => {
    const { gateway, bundle } = await startServing([answer('/hello')]);
    await gateway.stop();
    rmSync(join(root, 'data/bundles', bundle.digest), { recursive: true });
    coordinator.receipts.length = 0;
    await nats.kill('SIGKILL');
    await start();
    await nats.restart();
    await eventually(() => coordinator.receipts.length > 0, { timeoutMs: 30_000 });
    expect(coordinator.receipts[0]).toMatchObject({ failures: [], projects: [{ project: 'hello' }] });
  });
});

describe('the health of a gateway', () => {
  /** Serves a project whose upstream answers as `answers` says. */
  async function startShop(changes: Partial<GatewayOptions> = {}): Promise<{ answers: number }> {
    const shop = { answers: 200 };
    const upstream = createServer((_, response) => response.writeHead(shop.answers).end());
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    stoppers.push(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const bundle = await pack('shop', [{ path: '/shop', upstream: origin }], { health: '/shop' });
    await coordinator.upload(bundle);
    await start(changes);
    await coordinator.assign('edge');
    await receiptAt(await coordinator.direct('edge', [{ bundle, version: '1.0.0' }]));
    expect(coordinator.beats.at(-1)?.healthy).toBe(true);
    return shop;
  }

  it('shows in its heartbeats once several checks in a row failed, and again when it is back', async () => {
    const shop = await startShop();
    shop.answers = 500;
    await eventually(() => coordinator.beats.at(-1)?.healthy === false, { timeoutMs: 3_000 });
    shop.answers = 200;
    await eventually(() => coordinator.beats.at(-1)?.healthy === true, { timeoutMs: 3_000 });
  });

  it('is told as soon as it changes, though the next heartbeat is due long after', async () => {
    coordinator.beatMs = 10_000;
    const shop = await startShop({ beatIntervalMs: undefined });
    await eventually(() => coordinator.beats.some(({ registers }) => registers === undefined));
    shop.answers = 500;
    await eventually(() => coordinator.beats.at(-1)?.healthy === false, { timeoutMs: 3_000 });
    shop.answers = 200;
    await eventually(() => coordinator.beats.at(-1)?.healthy === true, { timeoutMs: 3_000 });
  });
});

describe('a gateway that stops', () => {
  const slow = answer('/slow', { delayMs: 1_000 });

  it('asks to be drained as itself, serves until it is told to refuse, and every request under way ends', async () => {
    const { gateway, url, bundle } = await startServing([slow, answer('/fast')]);
    coordinator.onDrain = 'accept';
    const load = startLoad({ origin: url, paths: ['/fast'], clients: 4, pauseMs: 5 });
    const underWay = Array.from({ length: 8 }, () => fetch(`${url}/slow`));
    await eventually(() => (coordinator.beats.at(-1)?.inFlight ?? 0) >= 8);
    const stopping = gateway.stop();
    await eventually(() => coordinator.drains.length === 1);
    expect(coordinator.drains[0]).toMatchObject({ server });
    expect((await fetch(`${url}/-/ready`)).status, 'while balancers may still send').toBe(200);
    const { failures, requests } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(0);
    const position = await coordinator.drain();
    expect(await receiptAt(position)).toMatchObject({ serving: 'draining', failures: [] });
    const told = coordinator.beats.length;
    const answers = await Promise.all(underWay);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    await stopping;
    const idle = coordinator.beats.slice(told).filter(({ inFlight }) => inFlight === 0);
    expect(idle.length, 'readings for the leader to count it as empty').toBeGreaterThanOrEqual(3);
    await expect(fetch(`${url}/fast`)).rejects.toThrow();
    coordinator.onDrain = 'drain';
    const registered = coordinator.registrations.length;
    const next = await start();
    await eventually(() => coordinator.registrations.length === registered + 1, { what: 'it to register again' });
    await receiptAt(await coordinator.direct('edge', [{ bundle, version: '1.0.0' }]));
    expect((await fetch(`${next.url}/-/ready`)).status).toBe(200);
  });

  it('gives balancers time to see that it is not ready, where no coordinator answers', async () => {
    const { gateway, url } = await startServing([slow, answer('/fast')], { noticeMs: 1_500 });
    coordinator.deafen();
    const underWay = fetch(`${url}/slow`);
    const stopping = gateway.stop();
    await eventually(async () => (await fetch(`${url}/-/ready`)).status === 503);
    const unreadyAt = performance.now();
    const late = await fetch(`${url}/fast`);
    expect(late.status, 'a request that still came').toBe(200);
    expect(late.headers.get('connection')).toBe('close');
    expect((await underWay).status).toBe(200);
    await stopping;
    expect(performance.now() - unreadyAt).toBeGreaterThan(1_000);
    const { url: again } = await start();
    expect((await fetch(`${again}/-/ready`)).status, 'started again, still without a coordinator').toBe(200);
  });

  it('does not wait for a coordinator that went away in the middle', async () => {
    const { gateway } = await startServing([slow], { drainTimeoutMs: 600_000 });
    coordinator.onDrain = 'accept';
    const stopping = gateway.stop();
    await eventually(() => coordinator.drains.length === 1);
    coordinator.deafen();
    await stopping;
  });

  it('is drained by a leader that would hear of it every ten seconds, and answered nine seconds ago', async () => {
    await startServing([slow]);
    const answeredAt = clock.monotonic() - 9_000;
    const end = await drainItself({
      bus,
      fleet,
      server,
      id: CommandId.parse('stop-1'),
      isDraining: () => coordinator.receipts.some(({ serving }) => serving === 'draining'),
      idleBeats: () => 4,
      answeredAt: () => answeredAt,
      beatMs: 10_000,
      timeoutMs: 10_000,
      clock,
      random: () => 0,
      logger: silentLogger,
      signal: AbortSignal.timeout(10_000),
    });
    expect(end).toBe('told');
    expect(coordinator.drains).toHaveLength(1);
  });

  it('ends by its deadline though a request never does', async () => {
    const { gateway, url } = await startServing([answer('/stuck', { delayMs: 600_000 })], { drainTimeoutMs: 1_500 });
    const stuck = fetch(`${url}/stuck`).catch((error: unknown) => error);
    await eventually(() => coordinator.beats.at(-1)?.inFlight === 1);
    await gateway.stop();
    expect(await stuck).toBeInstanceOf(Error);
  });

  it('asks nobody and waits for nothing when it is in no group', async () => {
    const { gateway } = await start({ noticeMs: 600_000, drainTimeoutMs: 600_000 });
    await eventually(() => coordinator.registrations.length === 1);
    await gateway.stop();
    expect(coordinator.drains).toEqual([]);
  });
});
