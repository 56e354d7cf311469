/**
 * Programs of other Debian releases, for what the installed one cannot do: nats-server 2.10.27 (`sync_interval: always`
 * came with 2.10) and etcd to compare with. Fetched with an apt configuration of their own, so that the machine's is
 * neither read nor changed, unpacked without installing, and kept under `node_modules/.cache`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../../node_modules/.cache/muster-debian/', import.meta.url));
const mirror = 'http://deb.debian.org/debian';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** The index is 15 MB; a mirror that takes longer than this is not there. */
const fetchTimeoutMs = 120_000;

interface DebianProgram {
  readonly suite: 'trixie' | 'sid';
  readonly package: string;
  /** Inside the package. */
  readonly program: string;
}

export const debianPrograms = {
  'nats-2.10': { suite: 'trixie', package: 'nats-server', program: 'usr/sbin/nats-server' },
  'nats-2.15': { suite: 'sid', package: 'nats-server', program: 'usr/sbin/nats-server' },
  etcd: { suite: 'trixie', package: 'etcd-server', program: 'usr/bin/etcd' },
} as const satisfies Record<string, DebianProgram>;

export type Found =
  | { readonly status: 'found'; readonly path: string }
  | { readonly status: 'missing'; readonly why: string };

/** The program's path, fetched on the first call. `missing` where there is no apt, no mirror or no keyring. */
export function debianProgram(name: keyof typeof debianPrograms): Found {
  const wanted = debianPrograms[name];
  const unpacked = join(cache, name);
  const path = join(unpacked, wanted.program);
  if (existsSync(path)) return { status: 'found', path };
  if (spawnSync('apt-get', ['--version']).status !== 0) return { status: 'missing', why: 'no apt-get on this machine' };
  if (!existsSync(keyring)) return { status: 'missing', why: `no ${keyring}` };
  try {
    fetch(wanted, unpacked);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return {
      status: 'missing',
      why: `${wanted.package} of ${wanted.suite} could not be fetched: ${text.split('\n', 1)[0]}`,
    };
  }
  return existsSync(path)
    ? { status: 'found', path }
    : { status: 'missing', why: `the package holds no ${wanted.program}` };
}

function fetch({ suite, package: name }: DebianProgram, unpacked: string): void {
  const apt = join(cache, `apt-${suite}`);
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, folder), { recursive: true });
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  writeFileSync(join(apt, 'status'), '');
  const options = [
    `Dir::State::Lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    `Dir::Etc::SourceList=${apt}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: apt, stdio: ['ignore', 'ignore', 'pipe'], timeout: fetchTimeoutMs });
  run('apt-get', [...options, 'update']);
  run('apt-get', [...options, 'download', name]);
  const archive = readdirSync(apt).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get downloaded nothing');
  // Unpacked beside and renamed by dpkg's own order would not be atomic: a half-unpacked folder is removed instead.
  try {
    mkdirSync(unpacked, { recursive: true });
    run('dpkg', ['-x', join(apt, archive), unpacked]);
    // Services of a database refuse to run as root and run as another user: they must be able to get there.
    chmodSync(unpacked, 0o755);
  } catch (error) {
    rmSync(unpacked, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(join(apt, archive), { force: true });
  }
}
