/** Gateways and balancers that start again and again, with a real coordinator: the log tells what changed, and no more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FleetId } from '../../schemas/ids.ts';
import { runBalancer } from '../../services/balancer/run.ts';
import { runGateway } from '../../services/gateway/run.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { type ScriptedFleet, scriptedFleet } from '../support/scripted-fleet.ts';
import { followFeed, type Told } from '../support/scripted-servers.ts';

let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let coordinator: TestCoordinator;
let play: ScriptedFleet;
let told: Told;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'muster-registering-'));
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  fleet = newFleet();
  coordinator = await startCoordinator({ url: nats.url, fleet });
  await eventually(() => coordinator.coordinator.role === 'leader', { what: 'a leader' });
  play = scriptedFleet(bus, fleet);
  told = followFeed(bus, fleet);
});
afterEach(async () => {
  await told?.stop();
  await coordinator?.stop();
  await bus?.close();
  await nats?.stop();
  await rm(directory, { recursive: true, force: true });
});

const heard = async (query: string): Promise<Record<string, unknown>[]> => {
  const asked = { subject: `muster.${fleet}.query.${query}`, data: Buffer.from('{}'), timeoutMs: 5_000 };
  return JSON.parse(Buffer.from((await bus.request(asked)).data).toString()).data;
};
/** Heard by the coordinator after this moment. */
const isHeard = (query: string, since: number) => async () => {
  const [only] = await heard(query);
  return Number(only?.['seenAt'] ?? 0) > since;
};

describe('a gateway that starts again', () => {
  const gateway = (listen: string) =>
    runGateway(
      { name: 'g1', fleet, listen, natsUrl: nats.url, dataDirectory: join(directory, 'g1'), beatIntervalMs: 100 },
      silentLogger,
    );

  it('leaves nothing in the log where nothing changed, and a registration where its address did', async () => {
    const first = await gateway('127.0.0.1:0');
    await eventually(() => told.of('server.registered').length === 1, { what: 'it to register' });
    const { port } = first.address;
    await first.stop();
    const since = Date.now();
    const second = await gateway(`127.0.0.1:${port}`);
    await eventually(isHeard('servers', since), { what: 'it to be heard' });
    await second.stop();
    const third = await gateway('127.0.0.1:0');
    await eventually(() => told.of('server.registered').length === 2, { what: 'its new address' });
    await third.stop();
    await told.caughtUp();
    expect(told.of('server.registered').map(({ data }) => data.address.port)).toEqual([port, third.address.port]);
    expect(told.of('command.rejected')).toEqual([]);
  });

  it('is put back by a registration when it drained itself to stop', async () => {
    const first = await gateway('127.0.0.1:0');
    await eventually(() => told.of('server.registered').length === 1, { what: 'it to register' });
    expect(await play.ask('server.join', { server: 'g1', group: 'Production' })).toMatchObject({ status: 'accepted' });
    await eventually(() => told.of('server.ready').length === 1, { what: 'it to be ready' });
    const { port } = first.address;
    await first.stop();
    await eventually(() => told.of('server.drained').length === 1, { what: 'its drain' });
    expect(told.of('server.draining')).toHaveLength(1);
    const second = await gateway(`127.0.0.1:${port}`);
    await eventually(() => told.of('server.registered').length === 2, { what: 'it to register anew' });
    await eventually(async () => (await heard('servers'))[0]?.['status'] === 'ready', { what: 'it to be back' });
    await second.stop();
    await told.caughtUp();
    expect(told.of('command.rejected')).toEqual([]);
  });
});

describe('a balancer that starts again, and one whose connection does', () => {
  it('leave nothing in the log where nothing changed, and a registration where the groups did', async () => {
    const balancer = (groups: readonly string[]) =>
      runBalancer({
        name: 'b1',
        fleet,
        natsUrl: nats.url,
        kind: 'file',
        dataDirectory: join(directory, 'b1'),
        groups: [...groups],
      });
    let running = await balancer(['production', 'development']);
    await eventually(() => told.of('balancer.registered').length === 1, { what: 'it to register' });
    await running.stop();
    // In another order: the same.
    let since = Date.now();
    running = await balancer(['development', 'production']);
    await eventually(isHeard('balancers', since), { what: 'it to be heard' });
    since = Date.now();
    await nats.restart();
    await eventually(isHeard('balancers', since), { what: 'it to be heard again', timeoutMs: 30_000 });
    await running.stop();
    running = await balancer(['production']);
    await eventually(() => told.of('balancer.registered').length === 2, { what: 'its new groups', timeoutMs: 30_000 });
    await running.stop();
    await told.caughtUp();
    expect(told.of('balancer.registered').map(({ data }) => data.groups)).toEqual([
      ['development', 'production'],
      ['production'],
    ]);
    expect(told.of('command.rejected')).toEqual([]);
  });
});
