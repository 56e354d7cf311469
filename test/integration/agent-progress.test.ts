/** What an agent says while it fetches: bundle by bundle, in its heartbeats, against a real NATS server. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FleetId, LogId, ServerId } from '../../schemas/ids.ts';
import { type Agent, startAgent } from '../../src/agent/agent.ts';
import { BuiltinDriver } from '../../src/agent/drivers/builtin/driver.ts';
import { packFolder } from '../../src/bundles/pack.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { silentLogger as logger } from '../../src/telemetry/logger.ts';
import { but } from '../support/but.ts';
import { eventually } from '../support/eventually.ts';
import { HandCoordinator } from '../support/hand-coordinator.ts';
import { openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const server = ServerId.parse('edge-1');
let nats: NatsServer;
let root: string;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  root = mkdtempSync(join(tmpdir(), 'muster-agent-'));
  bus = await openBus(nats.url);
});
afterAll(async () => {
  await bus.close();
  await nats.stop();
  rmSync(root, { recursive: true, force: true });
});

it('counts its bundles in heartbeats as they come, and stops once its receipt says it all', async () => {
  const fleet = FleetId.parse(uniqueName('f'));
  const coordinator = await HandCoordinator.start(bus, { fleet, server, log: LogId.parse('log-number-1') });
  const bundles = await Promise.all(['hello', 'orders', 'tax'].map(pack));
  for (const bundle of bundles) await coordinator.upload(bundle);
  let letGo = () => {};
  const slow = new Promise<void>((resolve) => (letGo = resolve));
  const agent = await start(fleet, async (digest) => {
    if (digest === bundles[2]?.digest) await slow;
  });
  try {
    const wanted = bundles.map((bundle) => ({ bundle, version: '1.0.0' }));
    const position = await coordinator.direct('edge', wanted);
    await coordinator.assign('edge');
    await eventually(() => coordinator.beats.at(-1)?.sync?.bundles === 2, { what: 'two of three to be told' });
    expect(coordinator.beats.at(-1)?.sync).toEqual({ position, bundles: 2, of: 3 });
    expect(coordinator.receiptAt(position)).toBeUndefined();
    letGo();
    const receipt = await eventually(() => coordinator.receiptAt(position), { what: 'the receipt' });
    expect(receipt.projects).toHaveLength(3);
    const heard = coordinator.beats.length;
    await eventually(() => coordinator.beats.length > heard, { what: 'another heartbeat' });
    expect(coordinator.beats.at(-1)?.sync).toBeUndefined();
  } finally {
    letGo();
    await agent.stop(AbortSignal.abort());
  }
});

async function pack(name: string) {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'project.yaml'), JSON.stringify({ name, routes: [{ path: `/${name}`, respond: {} }] }));
  return packFolder(folder);
}

/** On a bus whose store hands out each bundle only once `until` lets it. */
function start(fleet: FleetId, until: (digest: string) => Promise<void>): Promise<Agent> {
  const connect = async () => {
    const own = await openBus(nats.url, `srv_${server}`);
    const objects: Bus['objects'] = (name) => {
      const bucket = own.objects(name);
      return but(bucket, {
        get: async (digest, options) => {
          await until(digest);
          return bucket.get(digest, options);
        },
      });
    };
    return but(own, { objects });
  };
  const secret = randomBytes(16).toString('hex');
  const driver = new BuiltinDriver({ server, listen: { host: '127.0.0.1', port: 0 }, secret, clock, logger });
  const dataDirectory = join(root, 'data');
  return startAgent({
    server,
    fleet,
    connect,
    driver,
    dataDirectory,
    clock,
    random: Math.random,
    logger,
    beatIntervalMs: 100,
    noticeMs: 50,
  });
}
