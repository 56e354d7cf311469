/**
 * HAProxy asked all the while what it does: whom it sends to, and where requests went wrong. It is the one that knows
 * on which gateway a request was that failed, and whether a server stood in two groups at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import type { GroupId } from '../../schemas/ids.ts';
import { backendOf } from '../../src/balancers/haproxy/config-file.ts';
import { parseServers, type RuntimeServer } from '../../src/balancers/haproxy/observe.ts';
import { ask } from '../../src/balancers/haproxy/runtime-socket.ts';
import { socketFolder } from '../../src/balancers/sockets.ts';
import { systemClock } from '../../src/std/clock.ts';

/** HAProxy counted so many more requests as gone wrong on this server between two looks. */
export interface Rise {
  readonly server: string;
  readonly from: number;
  readonly until: number;
  readonly count: number;
}

/** A drain of a server that is idle is over in some hundred milliseconds. */
const lookEveryMs = 100;
/**
 * Answers broken off, by the server or by a client that had waited long enough; and connections that could not be made.
 * The last kind is tried again elsewhere and mostly fails nobody.
 */
const errorColumns = ['eresp', 'srv_abrt', 'cli_abrt', 'econ'] as const;

export class BalancerWatch {
  readonly rises: Rise[] = [];
  /** What must not be: each once. */
  readonly wrong = new Set<string>();
  looks = 0;
  /** Looks that HAProxy did not answer. */
  misses = 0;
  readonly #dataDirectory: string;
  readonly #groups: readonly string[];
  #serversByGroup = new Map<string, readonly RuntimeServer[]>();
  #errorsByServer = new Map<string, number>();
  #lookedAt = Date.now();
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(dataDirectory: string, groups: readonly string[]) {
    this.#dataDirectory = dataDirectory;
    this.#groups = groups;
  }

  async start(): Promise<void> {
    const socketPath = join(await socketFolder(this.#dataDirectory), 'admin.sock');
    await this.#look(socketPath);
    this.#looking = this.#run(socketPath);
  }

  /** As of the last look. */
  serversOf(group: string): readonly RuntimeServer[] {
    return this.#serversByGroup.get(group) ?? [];
  }

  /** Those that take new requests. */
  servingIn(group: string): readonly string[] {
    const serving = this.serversOf(group).filter(
      ({ admin, healthy, weight }) => admin === 'ready' && healthy && weight > 0,
    );
    return serving.map(({ server }) => server);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#looking;
  }

  async #run(socketPath: string): Promise<void> {
    while (!this.#isStopped) {
      await pause(lookEveryMs);
      await this.#look(socketPath).catch(() => {
        this.misses += 1;
      });
    }
  }

  async #look(socketPath: string): Promise<void> {
    const text = await ask({ socketPath, commands: ['show servers state', 'show stat'], clock: systemClock });
    const now = Date.now();
    this.looks += 1;
    for (const group of this.#groups) {
      this.#serversByGroup.set(group, parseServers(text, backendOf(group as GroupId)));
    }
    const taking = this.#groups.flatMap((group) => this.servingIn(group));
    for (const server of taking) {
      if (taking.indexOf(server) !== taking.lastIndexOf(server))
        this.wrong.add(`${server} takes requests of two groups`);
    }
    for (const [key, errors] of errorsIn(text, this.#groups)) {
      // A server that was taken out and put in again counts from zero.
      const before = this.#errorsByServer.get(key) ?? 0;
      const count = errors >= before ? errors - before : errors;
      const server = key.split('/')[1] ?? '';
      if (count > 0) this.rises.push({ server, from: this.#lookedAt, until: now, count });
      this.#errorsByServer.set(key, errors);
    }
    this.#lookedAt = now;
  }
}

function errorsIn(text: string, groups: readonly string[]): [string, number][] {
  const lines = text
    .slice(text.indexOf('# pxname'))
    .split('\n')
    .filter((line) => line.includes(','));
  const [head = '', ...rows] = lines;
  const columns = head.replace('# ', '').split(',');
  const backends = groups.map((group) => backendOf(group as GroupId));
  return rows
    .map((row) => row.split(','))
    .map((values) => (name: string) => values[columns.indexOf(name)] ?? '')
    .filter((field) => backends.includes(field('pxname')) && !['FRONTEND', 'BACKEND'].includes(field('svname')))
    .map((field) => [
      `${field('pxname')}/${field('svname')}`,
      errorColumns.reduce((sum, name) => sum + Number(field(name) || 0), 0),
    ]);
}
