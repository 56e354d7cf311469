/** The exec driver by itself, with commands of a few words; the test plays the agent. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProjectFile } from '../../schemas/bundle.ts';
import type { Digest, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import type { AppliedProject } from '../../src/agent/driver.ts';
import { ExecDriver, type ExecDriverOptions } from '../../src/agent/drivers/exec/driver.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';

const { signal } = new AbortController();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-exec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function driven(script: string, more: Pick<ExecDriverOptions, 'inFlightCommand'> = {}): ExecDriver {
  const command = ['sh', '-c', script];
  const server = 'edge-1' as ServerId;
  return new ExecDriver({ server, command, origin: 'http://127.0.0.1:9', dataDirectory: folder, clock, ...more });
}

function project(version: string, proven: boolean): AppliedProject {
  const file = ProjectFile.parse({ name: 'hello' });
  const ids = { project: 'hello' as ProjectId, version: version as ProjectVersion };
  return { ...ids, digest: '0'.repeat(64) as Digest, folder, file, proven };
}

const told = () => readFileSync(join(folder, 'told'), 'utf8').trim().split('\n');
const tell = `echo $MUSTER_SERVING >> ${'$'}(dirname $(dirname $MUSTER_SET))/told`;

it('takes a command for ended though it leaves a gateway running that holds its output, and lets that go on writing', async () => {
  const written = join(folder, 'written');
  const gateway = `(for i in 1 2 3 4 5; do sleep 0.2; echo line; done; echo all > ${written}) &`;
  const driver = driven(`${gateway} exit 0`);
  expect(await driver.apply([project('1.0.0', false)], signal)).toEqual([]);
  await eventually(() => readFileSync(written, 'utf8') === 'all\n', { what: 'the gateway to have written all' });
});

it('tells the gateway again what it failed to take, instead of calling it told', async () => {
  const driver = driven(`${tell}; test ! -e ${join(folder, 'broken')}`);
  await driver.setServing('yes');
  await driver.apply([project('1.0.0', false)], signal);
  writeFileSync(join(folder, 'broken'), '');
  await expect(driver.setServing('draining')).rejects.toMatchObject({ code: 'driver-failed' });
  rmSync(join(folder, 'broken'));
  await driver.setServing('draining');
  await driver.setServing('draining');
  expect(told()).toEqual(['yes', 'draining', 'draining']);
});

it('keeps few folders of sets however often one fails, and the one that is served among them', async () => {
  const driver = driven(`! grep -q 2.0.0 $MUSTER_SET/.muster-set.json`);
  await driver.apply([project('1.0.0', false)], signal);
  const served = readdirSync(join(folder, 'sets'));
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await expect(driver.apply([project('2.0.0', false)], signal)).rejects.toMatchObject({ code: 'driver-failed' });
  }
  const kept = readdirSync(join(folder, 'sets'));
  expect(kept).toEqual(expect.arrayContaining(served));
  expect(kept.length).toBeLessThanOrEqual(3);
});

it('counts what is in flight from its start on where it begins draining: the gateway may have outlived an agent', async () => {
  const driver = driven('true', { inFlightCommand: ['echo', '3'] });
  await driver.apply([project('1.0.0', true)], signal);
  await driver.setServing('draining');
  await driver.start();
  await eventually(() => driver.inFlight() === 3, { what: 'a count' });
  await driver.setServing('yes');
  expect(driver.inFlight()).toBeUndefined();
  await driver.stop();
});
