/** `muster up` as a newcomer and an operator meet it. Needs the build, as the command line is what is run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allProcesses } from '../../services/cli/up/process-identity.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { setUpPorts } from '../support/up-ports.ts';

const cli = resolve(import.meta.dirname, '../../dist/services/cli/main.js');
/** Six processes start from cold. */
const upTimeoutMs = 60_000;

let folder: string;
let nats: NatsServer | undefined;
let running: { child: ChildProcess; said: () => string }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-up-'));
  await setUpPorts(folder);
});
afterEach(async () => {
  for (const { child } of running) {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
  }
  running = [];
  for (const { pid } of ours()) process.kill(pid, 'SIGKILL');
  await nats?.stop();
  nats = undefined;
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** On the NATS server that `up` starts itself, unless one is named. */
function start(words: readonly string[], natsUrl?: string): { child: ChildProcess; said: () => string } {
  const { NATS_URL: _ignored, ...environment } = process.env;
  const env = natsUrl === undefined ? environment : { ...environment, NATS_URL: natsUrl };
  const child = spawn(process.execPath, [cli, ...words], { cwd: folder, env });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const started = { child, said: () => text };
  running.push(started);
  return started;
}

async function run(...words: string[]): Promise<{ code: number; text: string }> {
  const { child, said } = start(words);
  const [code] = (await once(child, 'close')) as [number];
  return { code, text: said() };
}

async function startUp(natsUrl?: string): Promise<ReturnType<typeof start>> {
  const { child, said } = start(['up'], natsUrl);
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`up ended:\n${said()}`);
      return said().includes('The fleet is up');
    },
    { timeoutMs: upTimeoutMs, what: 'the fleet to be up' },
  );
  return { child, said };
}

/** Processes whose command line names this test's folder: everything `up` starts does. */
const ours = () => allProcesses().filter(({ commandLine }) => commandLine.includes(folder));

async function ask(group: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const ports = JSON.parse(readFileSync(join(folder, '.muster', 'ports.json'), 'utf8')) as Record<string, number>;
  const response = await fetch(`http://127.0.0.1:${ports[`group-${group}`]}${path}`);
  const text = await response.text();
  return {
    status: response.status,
    body: response.headers.get('content-type')?.includes('html') ? {} : JSON.parse(text),
  };
}

describe('muster up', () => {
  it('on a NATS server of somebody else serves both samples at once, says how durable that is, and ends with all it started', async () => {
    nats = await startNats();
    const { child: up, said } = await startUp(nats.url);
    expect(said()).toMatch(/the NATS server at .*; it is not ours/);
    // Only a monitoring address could tell that it syncs each write, and none is named.
    expect(said()).toMatch(/what it acknowledges: (NOT DURABLE|unknown)/);
    expect(await ask('production', '/hello')).toMatchObject({
      status: 200,
      body: { server: 'apigateway1', project: 'hello', version: '1.0.0' },
    });
    expect(await ask('development', '/orders')).toMatchObject({ status: 200, body: { server: 'apigateway' } });
    const second = await run('up');
    expect(second.code).toBe(1);
    expect(second.text).toContain(`runs as pid ${up.pid}`);
    up.kill('SIGINT');
    expect(await once(up, 'exit')).toEqual([0, null]);
    expect(ours()).toEqual([]);
    await (await openBus(nats.url)).close();
  });

  it('brings nothing back that an operator removed, be it stopped or killed', async () => {
    const { child: up } = await startUp();
    expect(await run('server', 'leave', 'apigateway')).toMatchObject({ code: 0 });
    expect(await run('undeploy', 'hello', 'Production')).toMatchObject({ code: 0 });
    up.kill('SIGKILL');
    await once(up, 'exit');
    const { child: again } = await startUp();
    const servers = JSON.parse((await run('server', 'list', '-o', 'json')).text) as {
      server: string;
      status: string;
    }[];
    expect(servers.map(({ server, status }) => `${server} ${status}`)).toEqual([
      'apigateway available',
      'apigateway1 ready',
    ]);
    expect((await ask('production', '/hello')).status).toBe(404);
    expect((await ask('production', '/orders')).status).toBe(200);
    again.kill('SIGTERM');
    await once(again, 'exit');
    expect(ours()).toEqual([]);
  });

  it('leaves nothing running after it was killed and started anew', async () => {
    const { child: up } = await startUp();
    const before = ours().map(({ pid }) => pid);
    up.kill('SIGKILL');
    await once(up, 'exit');
    const { child: again } = await startUp();
    const left = ours().filter(({ pid }) => before.includes(pid));
    expect(left).toEqual([]);
    again.kill('SIGINT');
    await once(again, 'exit');
    expect(ours()).toEqual([]);
  });
});
