/**
 * The whole haproxy.cfg from pools. What is in the file is what was added at run time, so a reload or a restart
 * changes nothing. Written beside, synced, checked by HAProxy itself, renamed.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Address, GroupId } from '../../../schemas/ids.ts';
import { besideOf, putInPlace, writeSynced } from '../../std/durable-file.ts';
import { Failure } from '../../std/failure.ts';
import { hostPort } from '../../std/host-port.ts';
import type { DesiredPool } from '../balancer.ts';

const execute = promisify(execFile);

/** Checking a file of thousands of servers takes well under a second; a stuck binary must not stop us for ever. */
const checkTimeoutMs = 10_000;

/**
 * Said on every server line, in the file and at run time alike. Without `pool-max-conn` a server added at run time
 * keeps no idle connection (2.6 takes 0 where a server of the file has no limit). Rise 1 and a check that counts as
 * passed until the first result let a server that the coordinator admitted take traffic at once.
 */
export const serverOptions = 'check inter 1s fall 3 rise 1 pool-max-conn -1 pool-purge-delay 5s';

/**
 * - `retry-on`: a connection that could not be made is tried again for every method, since nothing was sent; an
 *   empty answer only for GET, HEAD and OPTIONS (`disable-l7-retry` for the rest), since a server may have acted.
 * - `redispatch 1`: each retry goes to another server.
 * - `http-reuse safe` and `pool-purge-delay 5s`: idle connections go long before the 60 s and more that a gateway
 *   keeps them, so a request does not meet a connection the gateway is just closing.
 * - `idle-close-on-response`: on a reload idle clients are not cut off; each is told with its next answer.
 * - `http-keep-alive`: bounds how long a worker that a reload replaced waits for such clients. Its pool is frozen
 *   (2.6 refuses `set server` there), so until it is gone a drain waits for it.
 */
const defaults = `defaults
  mode http
  balance roundrobin
  option httpchk GET /-/ready
  http-check expect status 200
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
  option idle-close-on-response
  http-reuse safe
  timeout connect 2s
  timeout check 2s
  timeout client 60s
  timeout server 300s
  timeout queue 5s
  timeout tunnel 1h
  timeout http-request 10s
  timeout http-keep-alive 15s`;

export interface ConfigGroup {
  readonly pool: DesiredPool;
  readonly listen: Address;
}

export interface ConfigOptions {
  readonly adminSocketPath: string;
  /** In any order; the file is sorted, so that the same pools make the same bytes. */
  readonly groups: readonly ConfigGroup[];
}

export interface RenderedConfig {
  readonly text: string;
  /**
   * Names everything in the file but its servers; stands in it as `description` and is read back with `show info`.
   * A running HAProxy that says another one has to be reloaded.
   */
  readonly structure: string;
}

export function renderConfig({ adminSocketPath, groups }: ConfigOptions): RenderedConfig {
  const sorted = [...groups].sort((a, b) => (a.pool.group < b.pool.group ? -1 : 1));
  const global = `  stats socket ${adminSocketPath} mode 600 level admin expose-fd listeners\n  hard-stop-after 5m`;
  const fronts = sorted.map(frontend);
  const hash = createHash('sha256')
    .update([global, defaults, serverOptions, ...fronts].join('\n'))
    .digest('hex');
  const structure = `muster-${hash.slice(0, 16)}`;
  const blocks = sorted.map((group, at) => `${fronts[at]}\n${group.pool.servers.map(serverLine).join('')}`);
  const head = '# Written by Muster from the pools it was given; changes by hand are overwritten.';
  return {
    structure,
    text: `${head}\nglobal\n  description ${structure}\n${global}\n\n${defaults}\n\n${blocks.join('\n')}`,
  };
}

function frontend({ pool, listen }: ConfigGroup): string {
  const backend = backendOf(pool.group);
  return `frontend ${frontendOf(pool.group)}
  bind ${hostPort(listen)}
  http-request disable-l7-retry unless METH_GET or { method OPTIONS }
  default_backend ${backend}
backend ${backend}`;
}

function serverLine(server: DesiredPool['servers'][number]): string {
  // The file knows no "drain"; weight 0 takes no new requests either, and is set right when the pool is asserted.
  const weight = server.admin === 'drain' ? 0 : server.weight;
  return `  server ${server.server} ${hostPort(server.address)} weight ${weight} ${serverOptions}\n`;
}

export function backendOf(group: GroupId): string {
  return `group_${group}`;
}

/** Another name than the backend's: `show stat` takes a name for one proxy only. */
export function frontendOf(group: GroupId): string {
  return `in_${group}`;
}

/** Puts the text in the file's place if it differs. Throws `config-invalid` with HAProxy's words when it refuses it. */
export async function writeConfig(options: {
  readonly path: string;
  readonly text: string;
  readonly binary: string;
}): Promise<void> {
  const { path, text, binary } = options;
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
  const beside = besideOf(path);
  await writeSynced(beside, text);
  try {
    await execute(binary, ['-c', '-q', '-f', beside], { timeout: checkTimeoutMs });
  } catch (error) {
    await rm(beside, { force: true });
    throw Failure.from(error, { code: 'config-invalid', retryable: false, message: 'HAProxy refuses its file' });
  }
  await putInPlace(path);
}
