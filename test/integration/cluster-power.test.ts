/** The power goes on every machine at once. With `sync_interval: always` nothing that was told is gone; without, the loss is named. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMuster } from '../../src/client/index.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { CommandBooks } from '../support/command-books.ts';
import { newFleet, startCoordinator } from '../support/coordinators.ts';
import { openBus } from '../support/nats-bus.ts';
import { newerNats } from '../support/nats-choice.ts';
import { startNatsChild } from '../support/nats-child.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { createLoopDisk, type LoopDisk, powerCutMissing } from '../support/power-cut.ts';

/** Disks to make, a cluster to form twice and to catch up, each fsync waited for: on a busy machine a minute and more. */
const timeoutMs = 150_000;

const newer = newerNats();
const disksMissing = powerCutMissing();

describe('a power cut of every machine', { timeout: timeoutMs }, () => {
  if (newer.status === 'missing' || disksMissing !== undefined) {
    const why = newer.status === 'missing' ? newer.why : disksMissing;
    it('needs a newer NATS, and disks to cut off', (context) => context.skip(why));
    return;
  }
  const program = newer.path;
  let fleet: FleetId;
  let dataDirectory: string;
  let disks: LoopDisk[];

  beforeEach(async () => {
    fleet = newFleet();
    dataDirectory = await mkdtemp(join(tmpdir(), 'muster-power-'));
    disks = [];
  });
  afterEach(async () => {
    for (const disk of disks) disk.remove();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  /** Commands are under way; then the power goes everywhere, and comes back. */
  async function cutWhileBusy(servers: readonly NatsServer[], url: string): Promise<CommandBooks> {
    const coordinator = await startCoordinator({ url, fleet, replicas: servers.length, dataDirectory });
    const muster = await connectMuster({ url, fleet, principal: 'alice' });
    const books = new CommandBooks(muster, { inFlight: 16, timeoutMs: 1_000 });
    await books.more(100);
    for (const disk of disks) disk.cut();
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    await books.finish();
    await muster.close();
    await coordinator.stop();
    for (const disk of disks) disk.bringBack();
    await Promise.all(servers.map((server) => server.restart()));
    return books;
  }

  it('takes back nothing that was told where three servers sync each write', async () => {
    disks = [createLoopDisk(), createLoopDisk(), createLoopDisk()];
    const storeDirs = disks.map(({ path }) => path);
    const cluster = await startNatsCluster({ program, jetstream: 'sync_interval: always', storeDirs });
    try {
      const books = await cutWhileBusy(cluster.servers, cluster.url);
      await cluster.untilWhole();
      const again = await startCoordinator({ url: cluster.url, fleet, replicas: 3, dataDirectory });
      const bus = await openBus(cluster.url, 'observer');
      await books.balance(bus, fleet);
      await bus.close();
      await again.stop();
    } finally {
      await cluster.stop();
    }
  });

  it('is seen, and named, where a server does not sync what it acknowledges', async () => {
    disks = [createLoopDisk()];
    const server = await startNatsChild({ program, storeDir: disks[0]?.path ?? '' });
    try {
      const books = await cutWhileBusy([server], server.url);
      expect(books.accepted.length).toBeGreaterThanOrEqual(100);
      await expect(startCoordinator({ url: server.url, fleet, replicas: 1, dataDirectory })).rejects.toMatchObject({
        code: 'log-regressed',
      });
    } finally {
      await server.stop();
    }
  });
});
