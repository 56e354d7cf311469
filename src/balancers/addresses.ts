/**
 * Host names to IP addresses, for every sibling: HAProxy adds a server by name without resolving it, and that one takes
 * no traffic; nginx refuses a whole file for one name.
 */
import { lookup } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import type { Clock } from '../std/clock.ts';
import { within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { DesiredPool, PoolServer } from './balancer.ts';

/** A resolver that answers later than this counts as not answering. */
const lookupTimeoutMs = 5_000;

export interface AddressesOptions {
  readonly clock: Clock;
  /** The address a name stands for. Default: as the system finds it. */
  readonly find?: (host: string) => Promise<string>;
}

interface Found {
  readonly host: string;
  readonly address: string;
}

export class Addresses {
  readonly #clock: Clock;
  readonly #findName: (host: string) => Promise<string>;
  /** What the names in a group's last pool stood for, by server. */
  readonly #foundByGroup = new Map<GroupId, ReadonlyMap<ServerId, Found>>();

  constructor({ clock, find = findBySystem }: AddressesOptions) {
    this.#clock = clock;
    this.#findName = find;
  }

  /**
   * The same pool with IP addresses, each written as programs write it when they are asked. A name that is not found any
   * more stands for what it stood for: a resolver that is away must not keep a server from draining. Throws
   * `unavailable` naming a server whose host was never found.
   */
  async resolve(pool: DesiredPool): Promise<DesiredPool> {
    const before = this.#foundByGroup.get(pool.group);
    const found = new Map<ServerId, Found>();
    const servers = await Promise.all(
      pool.servers.map(async (server): Promise<PoolServer> => {
        const { host, port } = server.address;
        const address = await this.#find(server, before?.get(server.server));
        found.set(server.server, { host, address });
        return { ...server, address: { host: address, port } };
      }),
    );
    this.#foundByGroup.set(pool.group, found);
    return { ...pool, servers };
  }

  forget(group: GroupId): void {
    this.#foundByGroup.delete(group);
  }

  async #find({ server, address: { host } }: PoolServer, before: Found | undefined): Promise<string> {
    if (isIP(host) === 4) return host;
    if (isIP(host) === 6) return new SocketAddress({ address: host, family: 'ipv6' }).address;
    const what = `the address of ${server}, host ${host}`;
    try {
      return await within({ clock: this.#clock, timeoutMs: lookupTimeoutMs, what, work: this.#findName(host) });
    } catch (error) {
      if (before?.host === host) return before.address;
      throw Failure.from(error, { code: 'unavailable', retryable: true, message: `cannot find ${what}` });
    }
  }
}

async function findBySystem(host: string): Promise<string> {
  // IPv4 first where a name has both: what `localhost` means to most programs that listen on it.
  const { address } = await lookup(host, { family: 0, order: 'ipv4first' });
  return address;
}
