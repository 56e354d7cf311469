/**
 * A fleet as a newcomer has it: `muster up` in a folder of its own, started through the built command line, and ended
 * with everything it started. Further gateways are processes beside it, as in another terminal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allProcesses } from '../../services/cli/up/process-identity.ts';
import type { CommandType } from '../../schemas/commands.ts';
import { eventually } from './eventually.ts';
import { setUpPorts } from './up-ports.ts';

const cli = resolve(import.meta.dirname, '../../dist/services/cli/main.js');
/** Seven processes start from cold. */
const upTimeoutMs = 60_000;

export interface UpFleet {
  readonly folder: string;
  /** Where the dashboard is. */
  readonly dashboard: string;
  readonly natsUrl: string;
  /** Where a group's traffic enters: `production`, `development`. */
  entry(group: string): string;
  startGateway(name: string): Promise<void>;
  /** Runs one command of the command line to its end. */
  run(...words: string[]): Promise<{ readonly code: number; readonly text: string }>;
  /** A command that must be accepted, over the dashboard's own API; its position. */
  ask(type: CommandType, payload: Readonly<Record<string, unknown>>): Promise<number>;
  /** Kills one of the processes `up` looks after, which starts it again. */
  kill(name: string): void;
  stop(): Promise<void>;
}

export async function startUpFleet(): Promise<UpFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-screens-'));
  await setUpPorts(folder);
  const { NATS_URL: _ignored, ...env } = process.env;
  const running: ChildProcess[] = [];
  const start = (log: string, ...words: string[]): ChildProcess => {
    const child = spawn(process.execPath, [cli, ...words], { cwd: folder, env });
    const file = createWriteStream(join(folder, log));
    child.stdout.pipe(file);
    child.stderr.pipe(file);
    running.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    for (const { pid } of allProcesses().filter(({ commandLine }) => commandLine.includes(folder))) {
      process.kill(pid, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    const up = start('up.log', 'up');
    await eventually(() => saidUp(folder, up), { timeoutMs: upTimeoutMs, what: 'the fleet to be up' });
  } catch (error) {
    await stop();
    throw error;
  }
  const ports = JSON.parse(readFileSync(join(folder, '.muster', 'ports.json'), 'utf8')) as Record<string, number>;
  const dashboard = `http://127.0.0.1:${ports['dashboard']}`;
  return {
    folder,
    dashboard,
    natsUrl: `nats://127.0.0.1:${ports['nats']}`,
    entry: (group) => `http://127.0.0.1:${ports[`group-${group}`]}`,
    async startGateway(name) {
      start(`${name}.log`, 'gateway', 'run', '--name', name, '--listen', '127.0.0.1:0', '--data', join(folder, name));
    },
    async run(...words) {
      const child = spawn(process.execPath, [cli, '--as', 'e2e', ...words], { cwd: folder, env });
      let text = '';
      child.stdout.on('data', (chunk) => (text += chunk));
      child.stderr.on('data', (chunk) => (text += chunk));
      const [code] = (await once(child, 'close')) as [number];
      return { code, text };
    },
    async ask(type, payload) {
      const response = await fetch(`${dashboard}/v1/commands/${type.replace('.', '/')}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(payload),
      });
      const answer = (await response.json()) as { position: number };
      if (!response.ok) throw new Error(`${type}: ${JSON.stringify(answer)}`);
      return answer.position;
    },
    kill(name) {
      const file = join(folder, '.muster', 'run', `${name}.pid`);
      process.kill((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, 'SIGKILL');
    },
    stop,
  };
}

function saidUp(folder: string, up: ChildProcess): boolean {
  const log = join(folder, 'up.log');
  const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
  if (up.exitCode !== null) throw new Error(`up ended:\n${said}`);
  return said.includes('The fleet is up');
}
