/**
 * Host names to IP addresses, for every sibling: HAProxy adds a server by name without resolving it, and that one takes
 * no traffic; nginx refuses a whole file for one name.
 */
import { lookup } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';
import type { Clock } from '../std/clock.ts';
import { within } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { DesiredPool, PoolServer } from './balancer.ts';

/** A resolver that answers later than this counts as not answering. */
const lookupTimeoutMs = 5_000;

/** The same pool with IP addresses, each written as programs write it when they are asked. Throws `unavailable` naming the server whose host does not resolve. */
export async function resolveAddresses(pool: DesiredPool, clock: Clock): Promise<DesiredPool> {
  return { ...pool, servers: await Promise.all(pool.servers.map((server) => resolve(server, clock))) };
}

async function resolve(server: PoolServer, clock: Clock): Promise<PoolServer> {
  const { host, port } = server.address;
  if (isIP(host) === 4) return server;
  if (isIP(host) === 6) {
    const { address } = new SocketAddress({ address: host, family: 'ipv6' });
    return { ...server, address: { host: address, port } };
  }
  const what = `the address of ${server.server}, host ${host}`;
  try {
    // IPv4 first where a name has both: what `localhost` means to most programs that listen on it.
    const work = lookup(host, { family: 0, order: 'ipv4first' } as const);
    const { address } = await within({ clock, timeoutMs: lookupTimeoutMs, what, work });
    return { ...server, address: { host: address, port } };
  } catch (error) {
    throw Failure.from(error, { code: 'unavailable', retryable: true, message: `cannot find ${what}` });
  }
}
