import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Children } from '../../../services/cli/up/children.ts';
import { openFolders } from '../../../services/cli/up/folders.ts';
import { takeLock } from '../../../services/cli/up/lock.ts';
import { reapLeftovers, runningOf, writePidFile } from '../../../services/cli/up/pid-files.ts';
import { Ports } from '../../../services/cli/up/ports.ts';
import { processAt } from '../../../services/cli/up/process-identity.ts';
import { eventually } from '../../support/eventually.ts';

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-cli-'));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that does nothing, with a mark in its command line. */
async function idle(mark: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', mark], { stdio: 'ignore' });
  started.push(child);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await eventually(() => processAt(pid)?.commandLine.includes(mark));
  return pid;
}

describe('what an earlier run left behind', () => {
  it('is ended, and the file forgotten', async () => {
    const pid = await idle(folder);
    writePidFile(folder, { name: 'nats-server', pid, mark: folder });
    expect(runningOf(folder, 'nats-server')?.pid).toBe(pid);
    expect(await reapLeftovers(folder, [])).toEqual(['nats-server']);
    expect(processAt(pid)).toBeUndefined();
    expect(await reapLeftovers(folder, [])).toEqual([]);
  });

  it('is left alone when the pid is now somebody else’s', async () => {
    const pid = await idle('not-ours');
    writePidFile(folder, { name: 'other-mark', pid, mark: folder });
    const startedAt = 'long-ago/1';
    writeFileSync(join(folder, 'other-start.pid'), JSON.stringify({ pid, startedAt, mark: 'not-ours' }));
    writeFileSync(join(folder, 'spoilt.pid'), 'nothing');
    expect(await reapLeftovers(folder, [])).toEqual([]);
    expect(processAt(pid)?.pid).toBe(pid);
  });
});

describe('a child that ends', () => {
  it('is started again once the disk takes what is written of it, and the others go on meanwhile', async () => {
    const folders = openFolders(folder);
    const told: string[] = [];
    const children = new Children({ folders, onTrouble: (line) => told.push(line) });
    const args = ['-e', 'setInterval(() => undefined, 1000)', folders.root];
    const ready = () => Promise.resolve();
    await children.start({
      name: 'idle',
      program: process.execPath,
      args,
      mark: folders.root,
      ready,
      stopTimeoutMs: 100,
    });
    const first = await eventually(() => runningOf(folders.run, 'idle')?.pid);
    rmSync(folders.run, { recursive: true });
    process.kill(first, 'SIGKILL');
    await eventually(() => told.some((line) => line.includes('could not be started')), {
      what: 'the trouble to be told',
    });
    openFolders(folder);
    const second = await eventually(() => runningOf(folders.run, 'idle')?.pid, { what: 'it to run again' });
    expect(second).not.toBe(first);
    await children.stop(['idle']);
    expect(processAt(second)).toBeUndefined();
  });
});

describe('one up a folder', () => {
  it('lets a second one know who holds it, until it is let go or dead', async () => {
    const pid = await idle('up');
    writePidFile(folder, { name: 'up', pid, mark: 'up' });
    expect(takeLock(folder)).toEqual({ status: 'taken', pid });
    process.kill(pid, 'SIGKILL');
    await eventually(() => processAt(pid) === undefined);
    expect(takeLock(folder).status).toBe('held');
  });
});

describe('ports', () => {
  it('are remembered from run to run', async () => {
    const port = await new Ports(folder).claim('nats');
    expect(await new Ports(folder).claim('nats')).toBe(port);
  });

  it('are others when the usual one is taken, and never given twice', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const usual = (taken.address() as { port: number }).port;
    const ports = new Ports(folder);
    const given = [await ports.claim('a', usual), await ports.claim('b', usual), await ports.claim('c')];
    expect(given).not.toContain(usual);
    expect(new Set(given).size).toBe(3);
    taken.close();
  });
});
