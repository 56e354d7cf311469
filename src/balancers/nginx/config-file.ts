/**
 * The whole nginx.conf from pools: an upstream and a server a group, and a status interface that says which generation
 * of this file nginx runs. Written beside, synced, checked by `nginx -t`, renamed: a bad file never replaces a good one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Address } from '../../../schemas/ids.ts';
import { besideOf, putInPlace, writeSynced } from '../../std/durable-file.ts';
import { Failure, textOf } from '../../std/failure.ts';
import { hostPort } from '../../std/host-port.ts';
import type { DesiredPool, PoolServer } from '../balancer.ts';

const execute = promisify(execFile);

/** Checking a file of thousands of servers takes well under a second; a stuck binary must not stop us for ever. */
const checkTimeoutMs = 10_000;
/** nginx takes under 1 KB for one server in a shared zone; 64 KB is the least that is good for anything. */
const zoneKilobytesMin = 64;
/** Enough of `nginx -t` for a person to see what is wrong. */
const refusalCharactersMax = 1_000;

export interface ConfigGroup {
  readonly pool: DesiredPool;
  readonly listen: Address;
}

export interface ConfigOptions {
  readonly dataDirectory: string;
  readonly statusSocketPath: string;
  /** In any order; the file is sorted, so that the same pools make the same bytes. Hosts are IP addresses. */
  readonly groups: readonly ConfigGroup[];
}

export interface RenderedConfig {
  readonly text: string;
  /** Names the bytes of the file: an nginx that says this generation runs these pools. */
  readonly generation: string;
}

/**
 * - `proxy_next_upstream error timeout`: a connection that could not be made is tried on another server for every
 *   method, since nothing was sent; what failed later only for methods that may be repeated (nginx never repeats a
 *   POST it has sent, without `non_idempotent`).
 * - `max_fails` and `fail_timeout` on each server: nginx has no health checks of its own; a server that fails so
 *   often is left alone for so long.
 * - `keepalive_timeout 15s` in an upstream: an idle connection goes long before the 60 s and more that a gateway
 *   keeps it, so a request does not meet a connection the gateway is just closing.
 * - Nothing is buffered, as HAProxy does it: streams stream, and a slow client costs no file on disk.
 * - `worker_shutdown_timeout`: bounds how long a worker that a reload replaced waits for its last requests.
 */
const http = `  access_log off;
  server_tokens off;
  map $http_upgrade $muster_connection { default upgrade; '' ''; }
  map $http_host $muster_host { default $http_host; '' $host; }
  keepalive_timeout 60s;
  client_header_timeout 10s;
  client_max_body_size 0;
  proxy_http_version 1.1;
  proxy_set_header Host $muster_host;
  proxy_set_header Connection $muster_connection;
  proxy_set_header Upgrade $http_upgrade;
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_connect_timeout 2s;
  proxy_read_timeout 300s;
  proxy_send_timeout 300s;
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 3;`;

export function renderConfig(options: ConfigOptions): RenderedConfig {
  const unnamed = render(options, '');
  const generation = createHash('sha256').update(unnamed).digest('hex').slice(0, 16);
  return { text: render(options, generation), generation };
}

function render({ dataDirectory, statusSocketPath, groups }: ConfigOptions, generation: string): string {
  const sorted = [...groups].sort((a, b) => (a.pool.group < b.pool.group ? -1 : 1));
  const at = (name: string) => quoted(join(dataDirectory, name));
  // Where nginx keeps bodies it buffers stands compiled in, and belongs to the system's nginx.
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const folders = kinds.map((kind) => `  ${kind}_temp_path ${at(`temp-${kind}`)};`);
  return `# Written by Muster from the pools it was given; changes by hand are overwritten.
daemon off;
pid ${at('nginx.pid')};
error_log ${at('nginx.log')} notice;
worker_processes auto;
worker_rlimit_nofile 32768;
worker_shutdown_timeout 5m;
events {
  worker_connections 8192;
}
http {
${folders.join('\n')}
${http}
  server {
    listen ${quoted(`unix:${statusSocketPath}`)};
    keepalive_timeout 0;
    default_type application/json;
    location = /-/revision {
      return 200 '{"generation":"${generation}","worker":$pid,"writing":$connections_writing}';
    }
    location / {
      return 404;
    }
  }
${sorted.map(groupBlock).join('')}}
`;
}

function groupBlock({ pool, listen }: ConfigGroup): string {
  const name = `group_${pool.group}`;
  const bind = listen.host === '*' ? `*:${listen.port}` : hostPort(listen);
  // nginx refuses an upstream without servers.
  if (pool.servers.length === 0) return `  server {\n    listen ${bind};\n    return 503;\n  }\n`;
  const kilobytes = zoneKilobytesMin + 2 * pool.servers.length;
  return `  upstream ${name} {
    zone ${name} ${kilobytes}k;
${pool.servers.map(serverLine).join('')}    keepalive 64;
    keepalive_timeout 15s;
  }
  server {
    listen ${bind};
    location / {
      proxy_pass http://${name};
    }
  }
`;
}

function serverLine({ server, address, weight, admin }: PoolServer): string {
  // nginx refuses weight 0; what it means is `down`: nothing new.
  const share = admin === 'drain' || weight === 0 ? 'down' : `weight=${weight}`;
  return `    server ${hostPort(address)} ${share} max_fails=3 fail_timeout=2s; # ${server}\n`;
}

export function listenUrl(listen: Address): string {
  return `http://${hostPort(listen)}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/**
 * Puts the text in the file's place, keeping the one before as `<path>.last`. Throws `config-invalid` with nginx's words
 * when nginx refuses it; the file in place is then untouched.
 */
export async function writeConfig(options: {
  readonly path: string;
  readonly text: string;
  readonly binary: string;
}): Promise<void> {
  const { path, text, binary } = options;
  const beside = besideOf(path);
  await writeSynced(beside, text);
  try {
    const folder = dirname(path);
    await execute(binary, ['-t', '-q', '-c', beside, '-p', folder, '-e', 'stderr'], { timeout: checkTimeoutMs });
  } catch (error) {
    await rm(beside, { force: true });
    throw refusal(error);
  }
  await rename(path, `${path}.last`).catch(ignoreMissing);
  await putInPlace(path);
}

/** Takes back what `writeConfig` put in place: what it replaced is what a start shall find. */
export async function restoreConfig(path: string): Promise<void> {
  await rename(`${path}.last`, path).catch(ignoreMissing);
}

function refusal(error: unknown): Failure {
  const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const text = words === '' ? textOf(error) : words.slice(0, refusalCharactersMax);
  const message = `nginx refuses its file: ${text}`;
  return new Failure({ code: 'config-invalid', retryable: false, message, cause: error });
}

function ignoreMissing(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
  throw Failure.from(error, { code: 'io', retryable: true, message: "cannot replace nginx's file" });
}
