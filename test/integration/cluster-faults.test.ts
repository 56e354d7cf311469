/** Three real NATS servers that sync each write: what may become of one of them, or of all, and what must not come of it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import { checkServers } from '../../src/coordinator/server-fitness.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { CommandBooks } from '../support/command-books.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { openBus } from '../support/nats-bus.ts';
import { newerNats } from '../support/nats-choice.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsServer } from '../support/nats-server.ts';

/** Elections take seconds, and each fsync is waited for: on a busy machine a minute and more. */
const timeoutMs = 150_000;

const newer = newerNats();

describe('a cluster of three NATS servers', { timeout: timeoutMs }, () => {
  if (newer.status === 'missing') {
    it('needs a newer NATS', (context) => context.skip(newer.why));
    return;
  }
  const program = newer.path;
  let cluster: NatsCluster;
  let bus: Bus;
  let fleet: FleetId;
  let muster: Muster;
  let coordinator: TestCoordinator;

  beforeAll(async () => {
    cluster = await startNatsCluster({ program, jetstream: 'sync_interval: always' });
    bus = await openBus(cluster.url, 'observer');
  });
  afterAll(async () => {
    await bus?.close();
    await cluster?.stop();
  });
  beforeEach(async () => {
    fleet = newFleet();
    coordinator = await startCoordinator({ url: cluster.url, fleet, replicas: 3 });
    muster = await connectMuster({ url: cluster.url, fleet, principal: 'alice' });
  });
  afterEach(async () => {
    await muster.close();
    await coordinator.stop();
  });

  it('is taken for durable when every server says that it syncs', async () => {
    const { monitorUrls } = cluster;
    const options = { bus, replicas: 3, monitorUrls, allowNotDurable: false, logger: silentLogger };
    await expect(checkServers(options)).resolves.toBe('fsync-always');
    await expect(checkServers({ ...options, monitorUrls: monitorUrls.slice(1) })).rejects.toMatchObject({
      code: 'unsupported',
    });
  });

  /** The one that leads the log dies; or, where time allows, each in turn. */
  it('loses nothing when the one that leads the log dies and comes back', async () => {
    const books = new CommandBooks(muster);
    const leading = await leaderOf(streamNames(fleet).log);
    const dying = process.env['MUSTER_TEST_LONG'] === undefined ? [leading] : [leading, ...others(leading)];
    for (const server of dying) {
      await books.more(20);
      await server.kill('SIGKILL');
      await books.more(20);
      await server.restart();
      await cluster.untilWhole();
    }
    await books.finish();
    await books.balance(bus, fleet);
    expect(books.unknown).toEqual([]);
  });

  async function leaderOf(stream: string): Promise<NatsServer> {
    const subject = `$JS.API.STREAM.INFO.${stream}`;
    const answer = await bus.request({ subject, data: new Uint8Array(0), timeoutMs: 5_000 });
    const { cluster: raft } = JSON.parse(Buffer.from(answer.data).toString()) as { cluster: { leader: string } };
    const found = cluster.servers[Number(raft.leader.slice(1))];
    if (found === undefined) throw new Error(`nobody leads ${stream}`);
    return found;
  }

  function others(than: NatsServer): readonly NatsServer[] {
    return cluster.servers.filter((server) => server !== than);
  }

  it('loses nothing when a stream changes its leader, whichever stream', async () => {
    const books = new CommandBooks(muster);
    const { log, commands, groups, pools, feed } = streamNames(fleet);
    for (const stream of [log, commands, groups, pools, feed]) {
      await books.more(20);
      const answer = await bus.request({
        subject: `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`,
        data: new Uint8Array(0),
        timeoutMs: 5_000,
      });
      expect(JSON.parse(Buffer.from(answer.data).toString())).toMatchObject({ success: true });
    }
    await books.more(20);
    await books.finish();
    await books.balance(bus, fleet);
    expect(books.unknown).toEqual([]);
  });

  it('tells nobody anything without a majority, and goes on when there is one again', async () => {
    const books = new CommandBooks(muster, { timeoutMs: 3_000 });
    await books.more(20);
    const [, second, third] = cluster.servers;
    await Promise.all([second?.kill('SIGKILL'), third?.kill('SIGKILL')]);
    const before = books.unknown.length;
    const told = books.accepted.length;
    await expect(books.more(20, 5_000)).rejects.toThrow(/more commands/);
    expect(books.unknown.length).toBeGreaterThan(before);
    // What was acknowledged in the last moment of the majority may still have been told.
    expect(books.accepted.length - told).toBeLessThanOrEqual(4);
    await Promise.all([second?.restart(), third?.restart()]);
    await books.more(20);
    await books.finish();
    await cluster.untilWhole();
    await books.balance(bus, fleet);
  });
});
