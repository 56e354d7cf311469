/**
 * A Docker Engine for a test, and an image of the `nats-server` on this machine: the engine that answers, else a
 * `dockerd` of the test's own, with its own folders and socket. No registry is asked.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.ts';

export interface DockerEngine {
  readonly status: 'found';
  /** As `DOCKER_HOST` says it. */
  readonly host: string;
  /** Of the `nats-server` on this machine. */
  readonly image: string;
  stop(): Promise<void>;
}
export type EngineOrWhy = DockerEngine | { readonly status: 'missing'; readonly why: string };

/** It starts in two seconds where it may; where it may not, it ends or hangs. */
const startTimeoutMs = 20_000;
const image = 'muster-test-nats';

export async function dockerEngine(): Promise<EngineOrWhy> {
  const given = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  if (answers(given)) return working(given, async () => {});
  if (process.getuid?.() !== 0)
    return { status: 'missing', why: 'no Docker Engine answers, and only root may start one' };
  if (spawnSync('dockerd', ['--version']).status !== 0) return { status: 'missing', why: 'no dockerd on the PATH' };
  const folder = mkdtempSync(join(tmpdir(), 'muster-docker-'));
  const host = `unix://${join(folder, 'socket')}`;
  const folders = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  // Published ports go through its own proxy then; the machine's firewall stays as it was.
  const aside = ['--iptables=false', '--ip-forward=false'];
  const args = [...folders, ...aside, '--host', host, '--pidfile', join(folder, 'pid')];
  const daemon = spawn('dockerd', args, { stdio: 'ignore' });
  const stop = async () => {
    await end(daemon);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => answers(host), { what: 'dockerd', timeoutMs: startTimeoutMs });
    return await working(host, stop);
  } catch (error) {
    await stop();
    return { status: 'missing', why: `dockerd does not come up here: ${String(error)}` };
  }
}

/** An engine may answer and yet not be let to run anything, as in a container without rights. */
async function working(host: string, stop: () => Promise<void>): Promise<EngineOrWhy> {
  importNatsImage(host);
  const run = spawnSync('docker', ['--host', host, 'run', '--rm', image, '--version'], { timeout: startTimeoutMs });
  if (run.status === 0) return { status: 'found', host, image, stop };
  await stop();
  return { status: 'missing', why: `no container runs here: ${run.stderr.toString().trim()}` };
}

/** An image with nothing in it but the server and its libraries. */
function importNatsImage(host: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'muster-image-'));
  try {
    const program = realpathSync(execFileSync('sh', ['-c', 'command -v nats-server']).toString().trim());
    const libraries = spawnSync('ldd', [program]).stdout.toString().match(/\/\S+/g) ?? [];
    for (const file of libraries) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      cpSync(realpathSync(file), join(folder, file));
    }
    cpSync(program, join(folder, 'nats-server'));
    for (const name of ['data', 'tmp', 'etc']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'etc', 'nsswitch.conf'), 'hosts: files dns\n');
    const archive = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 256 * 1024 * 1024 });
    const entry = ['--change', 'ENTRYPOINT ["/nats-server"]'];
    execFileSync('docker', ['--host', host, 'import', ...entry, '-', image], { input: archive });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answers(host: string): boolean {
  return spawnSync('docker', ['--host', host, 'version'], { timeout: 5_000 }).status === 0;
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  daemon.kill('SIGTERM');
  await gone;
}
