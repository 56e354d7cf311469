/** nats-server as a child of `up`: loopback only, its store below our folder. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../../src/std/failure.ts';
import { findProgram } from '../programs.ts';
import type { ChildDefinition } from './children.ts';
import type { Folders } from './folders.ts';

export const natsPortUsual = 4_222;
/** Starting takes about 100 ms; a store to recover takes longer. */
const startTimeoutMs = 30_000;
/** It closes its files; a large store takes a moment. */
const stopTimeoutMs = 15_000;
const pollMs = 25;
/**
 * What its streams may take together: an account, no disk is taken before it is used. The server's own default, three
 * quarters of what is free, would refuse our streams on a small disk.
 */
const fileStoreMax = '64GB';

export interface NatsChild {
  readonly definition: ChildDefinition;
  readonly url: string;
  /** Where a coordinator reads whether it syncs each write. */
  readonly monitorUrl: string;
  /** Whether what it acknowledged is on the disk: 2.9 cannot be told to sync each write. */
  readonly syncsAlways: boolean;
}

export function defineNats(folders: Folders, { port, monitorPort }: { port: number; monitorPort: number }): NatsChild {
  const program = findProgram('nats-server');
  if (program === undefined) {
    const message = 'no nats-server on this machine; next: muster setup';
    throw new Failure({ code: 'config-invalid', retryable: false, message });
  }
  const syncsAlways = knowsSyncInterval(versionOf(program));
  const file = join(folders.run, 'nats.conf');
  writeFileSync(file, configuration({ port, monitorPort, storeFolder: folders.nats, syncsAlways }));
  const definition = {
    name: 'nats-server',
    program,
    args: ['-c', file],
    mark: file,
    ready: () => answers(port),
    stopTimeoutMs,
  };
  return { definition, url: `nats://127.0.0.1:${port}`, monitorUrl: `http://127.0.0.1:${monitorPort}`, syncsAlways };
}

export interface NatsConfiguration {
  readonly port: number;
  readonly monitorPort: number;
  readonly storeFolder: string;
  readonly syncsAlways: boolean;
}

export function configuration({ port, monitorPort, storeFolder, syncsAlways }: NatsConfiguration): string {
  return [
    '# Written by `muster up` at each start.',
    'server_name: "muster"',
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitorPort}"`,
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeFolder)}`,
    `  max_file_store: ${fileStoreMax}`,
    ...(syncsAlways ? ['  sync_interval: always'] : []),
    '}',
    '',
  ].join('\n');
}

/** 2.10 and later. */
export function knowsSyncInterval(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /v?(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1] ?? '0.0.0';
}

/** Until it sends the first line of its protocol. */
async function answers(port: number): Promise<void> {
  const deadlineAt = performance.now() + startTimeoutMs;
  while (!(await greets(port))) {
    if (performance.now() > deadlineAt) {
      throw new Failure({ code: 'timeout', retryable: true, message: `nats-server does not answer on port ${port}` });
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (greeted: boolean) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (data) => finish(data.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => finish(false));
    socket.setTimeout(1_000, () => finish(false));
  });
}
