/** A `nats-server` as a child process, on ports and with a store of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import type { NatsServer, StartNatsOptions } from './nats-server.ts';
import { commandAt, thisMachine } from './place.ts';

/** Starting takes about 100 ms; a store to recover and a busy machine take longer. */
const startTimeoutMs = 30_000;
/** More than any test reserves: an account of bytes, no disk is taken. */
const maxFileStoreDefault = '256GB';

export async function startNatsChild(options: StartNatsOptions): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-nats-'));
  const storeDir = options.storeDir ?? join(folder, 'store');
  const ports = { client: options.port ?? (await freePort()), monitor: await freePort() };
  const { address } = options.place ?? thisMachine;
  let running = await launch({ folder, storeDir, ports, options });
  return {
    url: `nats://${address}:${ports.client}`,
    monitorUrls: [`http://${address}:${ports.monitor}`],
    port: ports.client,
    storeDirs: [storeDir],
    get pid() {
      return running.child.pid ?? 0;
    },
    canKill: true,
    kill: (signal) => end(running.child, signal),
    async restart() {
      await end(running.child, 'SIGKILL');
      running = await launch({ folder, storeDir, ports, options });
    },
    async stop() {
      await end(running.child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
    log: () => readFileSync(join(folder, logFile), 'utf8'),
  };
}

const logFile = 'nats.log';

interface Ports {
  /** -1: the OS chooses. */
  readonly client: number;
  readonly monitor: number;
}

interface Launch {
  readonly folder: string;
  readonly storeDir: string;
  readonly ports: Ports;
  readonly options: StartNatsOptions;
}

interface PortsFile {
  readonly nats: readonly string[];
  readonly monitoring: readonly string[];
}

async function launch({ folder, storeDir, ports, options }: Launch): Promise<{ child: ChildProcess; ports: Ports }> {
  const file = join(folder, 'nats.conf');
  const { program = 'nats-server', jetstream = '', config = '', maxFileStore = maxFileStoreDefault } = options;
  const place = options.place ?? thisMachine;
  writeFileSync(
    file,
    [
      `listen: "${place.address}:${ports.client}"`,
      `http: "${place.address}:${ports.monitor}"`,
      `log_file: "${join(folder, logFile)}"`,
      `ports_file_dir: "${folder}"`,
      `jetstream {\n store_dir: "${storeDir}"\n max_file_store: ${maxFileStore}\n ${jetstream}\n}`,
      config,
    ].join('\n'),
  );
  const child = spawn(...commandAt(place, [program, '-c', file]), { stdio: 'ignore' });
  // A test process that ends early must not leave its server behind.
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.removeListener('exit', onExit));
  try {
    const given = await eventually(
      () => {
        if (child.exitCode !== null) return 'ended';
        const text = readFileSync(join(folder, `nats-server_${child.pid}.ports`), 'utf8');
        const { nats, monitoring } = JSON.parse(text) as PortsFile;
        return { client: portOf(nats[0]), monitor: portOf(monitoring[0]) };
      },
      { timeoutMs: startTimeoutMs, what: 'nats-server to listen' },
    );
    if (given !== 'ended') return { child, ports: given };
    throw new Error(`nats-server ended with ${child.exitCode}`);
  } catch (error) {
    await end(child, 'SIGKILL');
    let log = '';
    try {
      log = readFileSync(join(folder, logFile), 'utf8');
    } catch {
      // It ended before it wrote a log: the error alone has to do.
    }
    throw new Error(`nats-server did not start:\n${log}`, { cause: error });
  }
}

function portOf(url: string | undefined): number {
  return Number(new URL(url ?? '').port);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT' && signal !== 'SIGHUP';
  const ended = ends ? new Promise<void>((resolve) => child.once('exit', () => resolve())) : undefined;
  child.kill(signal);
  await ended;
}
