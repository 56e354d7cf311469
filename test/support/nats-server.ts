/**
 * A real NATS server with JetStream for one test file. Supplied in this order: `NATS_URL` (somebody else's server, so
 * it can be neither killed nor restarted), the `nats-server` on the PATH as a child process, a container. With
 * `MUSTER_TEST_NATS` (see `npm run test:nats`) another version, three servers, or a container all the same.
 * Every server gets a port from the OS and a store of its own, so that files can run side by side.
 */
import { spawnSync } from 'node:child_process';
import { startNatsChild } from './nats-child.ts';
import { clusterAsOne } from './nats-cluster.ts';
import { startNatsContainer } from './nats-container.ts';
import { debianProgram } from './nats-versions.ts';
import { chosenNats } from './nats-choice.ts';
import type { Place } from './place.ts';

export interface StartNatsOptions {
  /** Further lines for the server's configuration file, such as an `authorization` block. */
  readonly config?: string;
  /** Further lines for its `jetstream` block, such as `sync_interval: always` (2.10 and later). */
  readonly jetstream?: string;
  /** A store to go on with. It is then the caller's to remove. */
  readonly storeDir?: string;
  /** Default: one the OS gives. */
  readonly port?: number;
  /** Default: the `nats-server` on the PATH, or the version that was chosen for all tests. */
  readonly program?: string;
  /** In the server's words, such as `64MB`. Default: more than any test reserves. */
  readonly maxFileStore?: string;
  /** Default: this machine. */
  readonly place?: Place;
}

export interface NatsServer {
  /** Of a cluster: all addresses, joined by commas. */
  readonly url: string;
  readonly monitorUrls: readonly string[];
  readonly port: number;
  /** One a server; none where it is not ours. */
  readonly storeDirs: readonly string[];
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
  /** What it wrote so far. */
  log(): string;
}

export async function startNats(options: StartNatsOptions = {}): Promise<NatsServer> {
  const url = process.env['NATS_URL'];
  if (url !== undefined && url !== '') return foreign(url);
  const { version, servers, image } = chosenNats();
  if (options.program === undefined && image !== undefined) return startNatsContainer(options, image);
  const given =
    version === undefined || options.program !== undefined ? options : { ...options, program: fetched(version) };
  if (servers > 1) return clusterAsOne(given);
  if (given.program !== undefined || spawnSync('nats-server', ['--version']).status === 0) return startNatsChild(given);
  return startNatsContainer(options, 'nats:2.10');
}

function fetched(version: Parameters<typeof debianProgram>[0]): string {
  const found = debianProgram(version);
  if (found.status === 'missing') throw new Error(`${version}: ${found.why}`);
  return found.path;
}

function foreign(url: string): NatsServer {
  const refuse = () => Promise.reject(new Error('NATS_URL names a server that is not ours to kill'));
  const port = Number(new URL(url.split(',')[0] ?? url).port || 4222);
  const stop = () => Promise.resolve();
  const log = () => '';
  return {
    url,
    monitorUrls: [],
    port,
    storeDirs: [],
    pid: 0,
    canKill: false,
    kill: refuse,
    restart: refuse,
    stop,
    log,
  };
}
