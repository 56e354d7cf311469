/** What a running HAProxy answers, by group: its worker's own socket, and through the master those it replaced. */
import type { Address, GroupId } from '../../../schemas/ids.ts';
import type { Clock } from '../../std/clock.ts';
import { Failure } from '../../std/failure.ts';
import type { ObservedPool } from '../balancer.ts';
import { hostPort } from '../../std/host-port.ts';
import { backendOf, frontendOf } from './config-file.ts';
import { parseServers, parseSessions, type RuntimeServer } from './observe.ts';
import type { HaproxyProcess } from './process.ts';
import { ask } from './runtime-socket.ts';

export interface HaproxyRuntimeOptions {
  readonly adminSocketPath: string;
  readonly masterSocketPath: string;
  readonly process: HaproxyProcess;
  readonly clock: Clock;
}

/** One group as HAProxy holds it. */
export interface ObservedBackend {
  readonly servers: readonly RuntimeServer[];
  /** Requests in flight by server; empty where there is no such backend. */
  readonly sessionsByServer: ReadonlyMap<string, number>;
}

export class HaproxyRuntime {
  readonly #options: HaproxyRuntimeOptions;

  constructor(options: HaproxyRuntimeOptions) {
    this.#options = options;
  }

  ask(commands: readonly string[]): Promise<string> {
    const { adminSocketPath: socketPath, clock } = this.#options;
    return ask({ socketPath, commands, clock });
  }

  async observe(group: GroupId): Promise<ObservedBackend> {
    const backend = backendOf(group);
    // 6: the backend's own line and its servers', so that one without servers is told from one that is not there.
    const text = await this.ask([`show servers state ${backend}`, `show stat ${backend} 6 -1`]);
    return { servers: parseServers(text, backend), sessionsByServer: parseSessions(text, backend) };
  }

  /** Undefined: HAProxy has no such group. */
  async readBack(group: GroupId, listen: Address): Promise<ObservedPool | undefined> {
    const { servers, sessionsByServer } = await this.observe(group);
    if (sessionsByServer.size === 0) return undefined;
    const elsewhere = await this.#leavingConnections(frontendOf(group));
    return {
      group,
      listen: `http://${hostPort(listen)}`,
      servers: servers.map(({ server, address, weight, admin, healthy }) => {
        const inFlight = (sessionsByServer.get(server) ?? 0) + (admin === 'ready' ? 0 : elsewhere);
        return { server, address, weight, admin, healthy, inFlight };
      }),
    };
  }

  /** Whether the worker that answers was started from a file of this structure. */
  async says(structure: string): Promise<boolean> {
    try {
      return (await this.ask(['show info'])).includes(`description: ${structure}\n`);
    } catch (error) {
      if (error instanceof Failure && error.retryable) return false;
      throw error;
    }
  }

  /**
   * Client connections on workers that a reload replaced. Each may carry one more request to any server of then, and
   * 2.6 lets nobody change their pool: so for a server that takes no new requests they all count as in flight.
   */
  async #leavingConnections(frontend: string): Promise<number> {
    const { process, masterSocketPath: socketPath, clock } = this.#options;
    const leaving = (await process.processes())?.leaving ?? [];
    if (leaving.length === 0) return 0;
    const commands = leaving.map((pid) => `@!${pid} show stat ${frontend} 1 -1`);
    const text = await ask({ socketPath, commands, clock });
    let connections = 0;
    for (const line of text.split('\n')) connections += parseSessions(line, frontend).get('FRONTEND') ?? 0;
    return connections;
  }
}
