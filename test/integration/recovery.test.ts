/** Streams that went back, were cut or have a flipped bit: found at the start, named, and made to go on by a person alone. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import type { FleetId, GroupName } from '../../schemas/ids.ts';
import { newFleet, startCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { readWholeLog } from '../support/log-reading.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { look, recoverLog } from '../support/recovering.ts';
import { StreamFiles } from '../support/stream-files.ts';

/** Elections of three servers, after each of several restarts; a busy machine. */
const timeoutMs = 150_000;
/** An election takes up to 9 s, and asking in vain 5. */
const backTimeoutMs = 30_000;

let nats: NatsServer;
let fleet: FleetId;
let folder: string;
let bus: Bus;

beforeEach(async () => {
  nats = await startNats();
  fleet = newFleet();
  folder = await mkdtemp(join(tmpdir(), 'muster-recovery-'));
  bus = await openBus(nats.url, 'observer');
});
afterEach(async () => {
  await bus.close();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A coordinator with the high mark of one machine, for as long as `work` takes. */
async function whileLed<T>(machine: string, work: (muster: Muster) => Promise<T>): Promise<T> {
  const dataDirectory = join(folder, machine);
  await mkdir(dataDirectory, { recursive: true });
  const running = await startCoordinator({ url: nats.url, fleet, dataDirectory });
  const muster = await connectMuster({ url: nats.url, fleet, principal: 'alice' });
  try {
    return await work(muster);
  } finally {
    await muster.close();
    await running.stop();
  }
}

const makeGroups = async (muster: Muster, from: number, to: number) => {
  for (let index = from; index <= to; index += 1) {
    const outcome = await muster.send('group.create', { group: `g${index}` as GroupName });
    expect(outcome.status).toBe('accepted');
  }
};

async function groupNames(muster: Muster): Promise<string[]> {
  const answer = await muster.query('groups', {});
  if (answer.status !== 'ok') throw new Error(answer.message);
  return answer.data.map(({ group }) => String(group)).filter((group) => /^g\d/.test(group));
}

/** Stops NATS in order, changes its files, and starts it again. */
async function whileStopped(work: () => void): Promise<void> {
  await nats.kill('SIGTERM');
  work();
  await nats.restart();
  // In a cluster each stream elects a leader of its own, and none answers before.
  const { log, commands, groups, pools, feed } = streamNames(fleet);
  for (const stream of [log, commands, groups, pools, feed]) {
    await eventually(() => bus.streamStatus(stream), { what: `${stream} to be back`, timeoutMs: backTimeoutMs });
  }
}

/** Ten groups, a copy of the stream, five more, and then the copy in its place. */
async function goBack(stream: string): Promise<void> {
  const copy = join(folder, 'copy');
  await whileLed('first', (muster) => makeGroups(muster, 1, 10));
  const files = await StreamFiles.of(nats, bus, stream);
  await whileStopped(() => files.copyTo(copy));
  await whileLed('first', (muster) => makeGroups(muster, 11, 15));
  await whileLed('second', async (muster) => {
    // What is lost is shown by the feed, which follows the log.
    const led = async () => {
      const answer = await muster.query('coordinator', {});
      return answer.status === 'ok' && answer.data.role === 'leader' && answer.position;
    };
    const position = await eventually(led, { what: 'the second to lead' });
    const feed = streamNames(fleet).feed;
    await eventually(async () => (await bus.streamStatus(feed)).lastSequence >= position, { what: 'the feed' });
  });
  await whileStopped(() => files.setBackTo(copy));
}

describe('a log that went back', { timeout: timeoutMs }, () => {
  it('is named at the start, shows what is lost, and goes on where a person says, deciding again', async () => {
    await goBack(streamNames(fleet).log);
    await expect(whileLed('first', async () => {})).rejects.toMatchObject({ code: 'log-regressed' });
    const machine = { bus, fleet, dataDirectory: join(folder, 'first') };
    const view = await look(machine);
    const lost = view.lost.filter(({ type }) => type === 'group.created');
    expect(lost).toHaveLength(5);
    expect(view.seen.position).toBeGreaterThan(view.cursor.position);

    const at = view.cursor.position;
    await expect(recoverLog(machine, { at: at + 1, commands: 'redecide' })).rejects.toMatchObject({ code: 'conflict' });
    const { term } = await recoverLog(machine, { at, commands: 'redecide' });
    expect(term).toBeGreaterThan(view.seen.term);

    await whileLed('first', async (muster) => {
      await eventually(async () => (await groupNames(muster)).length === 15, { what: 'the commands decided again' });
      await expect(look(machine)).rejects.toMatchObject({ code: 'conflict' });
      // Message p of the feed is event p again.
      const { events } = await readWholeLog(bus, fleet);
      const feed = streamNames(fleet).feed;
      await eventually(async () => (await bus.streamStatus(feed)).lastSequence >= events.length, { what: 'the feed' });
      for (const event of events) {
        const copy = await bus.get({ stream: feed, sequence: event.position }, 'leader', 2_000);
        expect(JSON.parse(Buffer.from(copy?.data ?? '').toString())).toMatchObject({ type: event.type, at: event.at });
      }
    });
    // The other machine has seen what was given up: it finds the recovery in the log.
    await whileLed('second', (muster) => makeGroups(muster, 16, 17));
  });

  it('passes over the commands still in their stream where a person says that', async () => {
    await goBack(streamNames(fleet).log);
    const machine = { bus, fleet, dataDirectory: join(folder, 'first') };
    await recoverLog(machine, { at: (await look(machine)).cursor.position, commands: 'skip' });
    await whileLed('first', async (muster) => {
      await makeGroups(muster, 11, 11);
      expect((await groupNames(muster)).length).toBe(11);
    });
  });
});

describe('commands that went back', { timeout: timeoutMs }, () => {
  it('are named at the start, since new ones would take numbers that were consumed, and can be gone on from', async () => {
    await goBack(streamNames(fleet).commands);
    const { commands } = streamNames(fleet);
    const machine = { bus, fleet, dataDirectory: join(folder, 'first') };
    const view = await look(machine);
    expect(view.commands.trouble).toContain(commands);
    expect(view.seen.position).toBe(view.cursor.position);
    await recoverLog(machine, { at: view.cursor.position, commands: 'redecide' });
    await whileLed('first', async (muster) => {
      await makeGroups(muster, 16, 18);
      expect((await groupNames(muster)).length).toBe(18);
    });
  });
});

describe('a log with a flipped bit', { timeout: timeoutMs }, () => {
  it('is named at the start, with the place, also behind a snapshot', async () => {
    const { log } = streamNames(fleet);
    await whileLed('first', (muster) => makeGroups(muster, 1, 10));
    const files = await StreamFiles.of(nats, bus, log);
    await whileStopped(() => files.flipBit('g4'));
    const troubles = await whileLed('first', async (muster) =>
      eventually(
        async () => {
          const answer = await muster.query('coordinator', {});
          return answer.status === 'ok' && answer.data.troubles.length > 0 && answer.data.troubles;
        },
        { what: 'the trouble to be told' },
      ),
    ).catch((error: Error) => [error.message]);
    expect(troubles.join()).toMatch(/(broken|ends at|holds|now has).*(sequence|record) \d+/);
  });
});
