/**
 * A real NATS server with JetStream for one test file. Supplied in this order: `NATS_URL` (somebody else's server, so
 * it can be neither killed nor restarted), the `nats-server` on the PATH as a child process, a container.
 * Every server gets a port from the OS and a store of its own, so that files can run side by side.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

export interface StartNatsOptions {
  /** Further lines for the server's configuration file, such as an `authorization` block. */
  readonly config?: string;
  /** Further lines for its `jetstream` block, such as `sync_interval: always` (2.10 and later). */
  readonly jetstream?: string;
  /** A store to go on with. It is then the caller's to remove. */
  readonly storeDir?: string;
  /** Default: one the OS gives. */
  readonly port?: number;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  /** Of the running process; it changes with `restart`. 0 where there is none of ours. */
  readonly pid: number;
  /** False where the server is not our child: `kill` and `restart` then throw. */
  readonly canKill: boolean;
  /** Sends the signal and, for those that end a process, waits until it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and store; a server that still runs is killed first, without a goodbye. */
  restart(): Promise<void>;
  /** Ends it and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

/** Starting takes about 100 ms; a store to recover and a busy machine take longer. */
const startTimeoutMs = 30_000;
/** More than any test reserves: an account of bytes, no disk is taken. */
const maxFileStore = '256GB';

export async function startNats(options: StartNatsOptions = {}): Promise<NatsServer> {
  const url = process.env['NATS_URL'];
  if (url !== undefined && url !== '') return foreign(url);
  if (spawnSync('nats-server', ['--version']).status === 0) return startChild(options);
  return startContainer(options);
}

function foreign(url: string): NatsServer {
  const refuse = () => Promise.reject(new Error('NATS_URL names a server that is not ours to kill'));
  const port = Number(new URL(url).port || 4222);
  const stop = () => Promise.resolve();
  return { url, port, storeDir: '', pid: 0, canKill: false, kill: refuse, restart: refuse, stop };
}

async function startChild(options: StartNatsOptions): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-nats-'));
  const storeDir = options.storeDir ?? join(folder, 'store');
  let running = await launch({ folder, storeDir, port: options.port ?? -1, options });
  const { port } = running;
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return running.child.pid ?? 0;
    },
    canKill: true,
    kill: (signal) => end(running.child, signal),
    async restart() {
      await end(running.child, 'SIGKILL');
      running = await launch({ folder, storeDir, port, options });
    },
    async stop() {
      await end(running.child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Launch {
  readonly folder: string;
  readonly storeDir: string;
  /** -1: the OS chooses. */
  readonly port: number;
  readonly options: StartNatsOptions;
}

async function launch({ folder, storeDir, port, options }: Launch): Promise<{ child: ChildProcess; port: number }> {
  const file = join(folder, 'nats.conf');
  const logFile = join(folder, 'nats.log');
  writeFileSync(
    file,
    [
      `listen: "127.0.0.1:${port}"`,
      `log_file: "${logFile}"`,
      `ports_file_dir: "${folder}"`,
      `jetstream {\n store_dir: "${storeDir}"\n max_file_store: ${maxFileStore}\n ${options.jetstream ?? ''}\n}`,
      options.config ?? '',
    ].join('\n'),
  );
  const child = spawn('nats-server', ['-c', file], { stdio: 'ignore' });
  // A test process that ends early must not leave its server behind.
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  child.once('exit', () => process.removeListener('exit', onExit));
  try {
    const given = await eventually(
      () => {
        if (child.exitCode !== null) return -1;
        const ports = JSON.parse(readFileSync(join(folder, `nats-server_${child.pid}.ports`), 'utf8'));
        return Number(new URL(ports.nats[0]).port);
      },
      { timeoutMs: startTimeoutMs, what: 'nats-server to listen' },
    );
    if (given > 0) return { child, port: given };
    throw new Error(`nats-server ended with ${child.exitCode}`);
  } catch (error) {
    await end(child, 'SIGKILL');
    let log = '';
    try {
      log = readFileSync(logFile, 'utf8');
    } catch {
      // It ended before it wrote a log: the error alone has to do.
    }
    throw new Error(`nats-server did not start:\n${log}`, { cause: error });
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  if (signal === 'SIGSTOP' || signal === 'SIGCONT' || signal === 'SIGHUP') return;
  await ended;
}

/** The last resort, where neither a server nor a binary is there. It cannot be killed and restarted. */
async function startContainer(options: StartNatsOptions): Promise<NatsServer> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { GenericContainer, Wait } = await import('testcontainers');
  const config = `listen: "0.0.0.0:4222"\njetstream {\n store_dir: /data\n ${options.jetstream ?? ''}\n}\n`;
  const container = await new GenericContainer('nats:2.10')
    .withCopyContentToContainer([{ content: `${config}${options.config ?? ''}`, target: '/muster.conf' }])
    .withCommand(['-c', '/muster.conf'])
    .withExposedPorts(4222)
    .withWaitStrategy(Wait.forLogMessage('Server is ready'))
    .start();
  const port = container.getMappedPort(4222);
  const refuse = () => Promise.reject(new Error('a server in a container is not killed by its pid'));
  let stopped: Promise<void> | undefined;
  return {
    url: `nats://${container.getHost()}:${port}`,
    port,
    storeDir: '',
    pid: 0,
    canKill: false,
    kill: refuse,
    restart: refuse,
    stop() {
      stopped ??= container.stop().then(() => undefined);
      return stopped;
    },
  };
}
