/** A stream at its limit, a disk that is full: said plainly, nothing told that is not durable, and a way out that works. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { forgetsAtLimit } from '../../src/coordinator/server-fitness.ts';
import { defaultStreamSizes, streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import { CommandBooks } from '../support/command-books.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats, type StartNatsOptions } from '../support/nats-server.ts';
import { natsReplicas, newerNats } from '../support/nats-choice.ts';

let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let muster: Muster;
let coordinator: TestCoordinator | undefined;
/** What has begun, to be ended in this order: a test that is skipped has begun nothing. */
let endings: (() => Promise<unknown> | undefined)[] = [];

async function begin(options: StartNatsOptions = {}): Promise<void> {
  nats = await startNats(options);
  fleet = newFleet();
  bus = await openBus(nats.url, 'observer');
  muster = await connectMuster({ url: nats.url, fleet, principal: 'alice' });
  endings = [() => muster.close(), () => coordinator?.stop(), () => bus.close(), () => nats.stop()];
}

beforeEach(() => {
  coordinator = undefined;
});
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** What the coordinator says is wrong, once it says something: queries go on being answered. */
function troubles(): Promise<string> {
  return eventually(
    async () => {
      const answer = await muster.query('coordinator', {});
      return answer.status === 'ok' && answer.data.troubles.join();
    },
    { what: 'the trouble to be told', timeoutMs: 30_000 },
  );
}

/** Commands until none is accepted any more. */
async function fill(): Promise<CommandBooks> {
  const books = new CommandBooks(muster, { inFlight: 16, timeoutMs: 1_500 });
  await eventually(() => books.unknown.length > 0, { what: 'a command without an outcome', timeoutMs: 30_000 });
  return books;
}

const newer = newerNats();

describe('a log at its limit', () => {
  it('has none where the server would drop its first record for the one too many', async () => {
    await begin();
    coordinator = await startCoordinator({ url: nats.url, fleet, sizes: { log: 96 * 1024 } });
    const limits = { log: 96 * 1024, commands: defaultStreamSizes.commands };
    const names = streamNames(fleet);
    for (const stream of ['log', 'commands'] as const) {
      const { maxBytes } = await bus.streamStatus(names[stream]);
      expect(maxBytes, stream).toBe(forgetsAtLimit(bus.server.version) ? -1 : limits[stream]);
    }
  });

  it('is told, with the command that makes room, and everything goes on once there is', async (context) => {
    if (newer.status === 'missing') return context.skip(newer.why);
    await begin({ program: newer.path });
    coordinator = await startCoordinator({ url: nats.url, fleet, sizes: { log: 96 * 1024 } });
    const books = await fill();
    expect(await troubles()).toMatch(/no room.*muster coordinator resize/);
    const before = books.accepted.length;
    await bus.resizeStream(streamNames(fleet).log, 64 * 1024 * 1024);
    await eventually(() => books.accepted.length > before + 20, { what: 'commands to go on', timeoutMs: 30_000 });
    await books.finish();
    await books.balance(bus, fleet);
    await eventually(async () => {
      const answer = await muster.query('coordinator', {});
      return answer.status === 'ok' && answer.data.troubles.length === 0;
    });
  });
});

describe('commands at their limit', () => {
  it('are refused to their sender at once, with the reason', async () => {
    await begin();
    await bus.ensureStream(
      streamDefinitions(fleet, { replicas: natsReplicas(), sizes: { commands: 4 * 1024 } }).commands,
    );
    const send = (group: string) => muster.send('group.create', { group: group as GroupName }, { timeoutMs: 1_000 });
    // Nobody decides here: the first ones wait in vain, and are there for whoever leads next.
    const last = await Promise.all(Array.from({ length: 40 }, (_, index) => send(`h${index}`).catch((error) => error)));
    expect(last.map(({ code }) => code)).toContain('no-room');
    expect(last.find(({ code }) => code === 'no-room').message).toMatch(/muster coordinator resize/);
  });
});

/** Why no disk is filled here; undefined: one is. */
function whyNoFullDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root mounts a disk to fill';
  if (spawnSync('mount', ['--version']).status !== 0) return 'no mount on this machine';
  // "group node unhealthy" through every restart, seen with 2.10.27 in five runs of six: what a fleet does then is not ours to show.
  return natsReplicas() > 1 ? 'of three NATS servers on one full disk one may never come back' : undefined;
}

describe('a full disk', () => {
  it('stops the log and nothing else; with room again nothing told is missing', async (context) => {
    const why = whyNoFullDisk();
    if (why !== undefined) return context.skip(why);
    const folder = mkdtempSync(join(tmpdir(), 'muster-full-'));
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]);
    try {
      await begin({ storeDir: join(disk, 'store') });
      coordinator = await startCoordinator({ url: nats.url, fleet });
      const ballast = join(disk, 'ballast');
      const books = new CommandBooks(muster, { inFlight: 16, timeoutMs: 1_500 });
      await books.more(100);
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k', 'count=1000'], { stdio: 'ignore' });
      await eventually(() => books.unknown.length > 0, { what: 'a command without an outcome', timeoutMs: 30_000 });
      rmSync(ballast);
      await nats.restart();
      const before = books.accepted.length;
      await eventually(() => books.accepted.length > before + 20, { what: 'commands to go on', timeoutMs: 40_000 });
      await books.finish();
      const fresh = await openBus(nats.url, 'bookkeeper');
      await books.balance(fresh, fleet);
      await fresh.close();
    } finally {
      await nats.kill('SIGKILL');
      spawnSync('umount', ['-l', disk]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
