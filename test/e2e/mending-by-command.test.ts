/** What an operator types when a log went back, when a stream is full, and for several fleets: as commands, on processes. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { eventually } from '../support/eventually.ts';
import { type FleetProcess, type FleetProcesses, logOf, startFleet } from '../support/fleet-processes.ts';
import { openBus } from '../support/nats-bus.ts';
import { StreamFiles } from '../support/stream-files.ts';

let fleet: FleetProcesses;
afterEach(() => fleet?.stop());

/** Processes that start, fold and elect on a busy machine. */
const slowTimeoutMs = 60_000;

async function data<T>(...words: string[]): Promise<T> {
  const { code, out, err } = await fleet.run('-o', 'json', ...words);
  expect(err, words.join(' ')).not.toMatch(/error/);
  expect(code, words.join(' ')).toBe(0);
  return JSON.parse(out) as T;
}

async function createGroups(...names: readonly string[]): Promise<void> {
  for (const name of names) await data('group', 'create', name, '--detach');
}

async function groupNames(...words: string[]): Promise<string[]> {
  const groups = await data<{ group: string }[]>(...words, 'group', 'list');
  return groups.map(({ group }) => group).filter((group) => !['production', 'development'].includes(group));
}

describe('muster coordinator recover', () => {
  const log = streamNames('main').log;
  const copyFolder = () => join(fleet.directory, 'copy');

  /** Stops the server in order, changes its files, and starts it again. */
  async function whileStopped(work: (files: StreamFiles) => void): Promise<void> {
    const bus = await openBus(fleet.nats.url, 'observer');
    const files = await StreamFiles.of(fleet.nats, bus, log);
    await fleet.nats.kill('SIGTERM');
    work(files);
    await fleet.nats.restart();
    await eventually(() => bus.streamStatus(log), { what: 'NATS to be back' });
    await bus.close();
  }

  async function ended({ child }: FleetProcess): Promise<void> {
    const isOver = () => child.exitCode !== null;
    await eventually(isOver, { timeoutMs: slowTimeoutMs, what: 'the coordinator to end' });
  }

  async function untilLed(): Promise<void> {
    const isLed = async () => (await fleet.run('coordinator', 'list')).code === 0;
    await eventually(isLed, { timeoutMs: slowTimeoutMs, what: 'a leader' });
  }

  it('shows what is lost, refuses any other place, and has the log go on where it ends', async () => {
    fleet = await startFleet();
    const coordinator = await fleet.startCoordinator();
    await untilLed();
    await createGroups('g1', 'g2');
    await coordinator.kill('SIGTERM');
    await whileStopped((files) => files.copyTo(copyFolder()));
    await coordinator.restart();
    await untilLed();
    await createGroups('g3', 'g4');
    await coordinator.kill('SIGTERM');
    await whileStopped((files) => files.setBackTo(copyFolder()));

    await coordinator.restart();
    await ended(coordinator);
    expect(coordinator.child.exitCode).not.toBe(0);
    expect(await logOf(fleet, 'coordinator')).toMatch(/muster coordinator recover/);

    const recover = ['coordinator', 'recover', '--data', join(fleet.directory, 'coordinator')];
    const [view, page] = await Promise.all([
      data<{ position: number; lost: { type: string }[] }>(...recover),
      fleet.run(...recover),
    ]);
    expect(view.lost.filter(({ type }) => type === 'group.created')).toHaveLength(2);
    expect(page.out).toMatch(new RegExp(`next: muster coordinator recover --at ${view.position} `));

    const elsewhere = await fleet.run(...recover, '--at', String(view.position - 1), '--commands', 'redecide');
    expect(elsewhere.code).not.toBe(0);
    expect(elsewhere.err).toMatch(new RegExp(`${view.position}`));
    const done = await fleet.run(...recover, '--at', String(view.position), '--commands', 'redecide');
    expect(done.code, done.err).toBe(0);
    expect(done.out).toMatch(/the log goes on from position/);

    await coordinator.restart();
    await untilLed();
    const all = async () => (await groupNames()).sort().join() === 'g1,g2,g3,g4';
    await eventually(all, { timeoutMs: slowTimeoutMs, what: 'what was lost to be decided again' });
    const verified = await fleet.run('audit', 'verify');
    expect(verified.out).toMatch(/^whole/);
    expect(verified.code).toBe(0);
  });
});

describe('muster coordinator resize', () => {
  it('changes what a stream may take, and says what is wrong with a name or a size', async () => {
    fleet = await startFleet();
    await fleet.startCoordinator();
    const resized = await data<{ stream: string; maxBytes: number }>('coordinator', 'resize', 'feed', '2GiB');
    expect(resized).toMatchObject({ stream: 'feed', maxBytes: 2 * 1024 ** 3 });
    const bus = await openBus(fleet.nats.url, 'observer');
    await expect(bus.streamStatus(streamNames('main').feed)).resolves.toMatchObject({ maxBytes: 2 * 1024 ** 3 });
    await bus.close();
    const wrong = [
      [['nothing', '2GiB'], /There are: log, commands/, 2],
      [['feed', '2 boxes'], /such as 8GiB/, 2],
    ] as const;
    for (const [words, said, code] of wrong) {
      const ran = await fleet.run('coordinator', 'resize', ...words);
      expect(ran.err).toMatch(said);
      expect(ran.code).toBe(code);
    }
    const nowhere = await fleet.run('--fleet', 'nowhere', 'coordinator', 'resize', 'feed', '2GiB');
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.err).toMatch(/MUSTER_nowhere_FEED/);
  });
});

describe('muster coordinator run --fleets', () => {
  it('leads each, and keeps each to itself', async () => {
    fleet = await startFleet({ coordinatorWords: ['--fleets', 'main,blue'] });
    await fleet.startCoordinator();
    const leads = async () => {
      const heard = await data<{ role: string; leads: number }[]>('--fleet', 'blue', 'coordinator', 'list');
      return heard.length === 1 && heard[0]?.role === 'leader' && heard[0].leads === 2;
    };
    await eventually(leads, { timeoutMs: slowTimeoutMs, what: 'both to be led' });
    await data('--fleet', 'blue', 'group', 'create', 'only-blue', '--detach');
    expect(await groupNames('--fleet', 'blue')).toEqual(['only-blue']);
    expect(await groupNames()).toEqual([]);
  });
});
