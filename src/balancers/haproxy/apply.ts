/**
 * From what HAProxy holds and what it shall hold to runtime commands. Pure. A `set server` costs HAProxy time linear
 * in the backend's servers, so only what differs is said.
 */
import type { PoolServer } from '../balancer.ts';
import { hostPort } from '../../std/host-port.ts';
import { serverOptions } from './config-file.ts';
import type { RuntimeServer } from './observe.ts';

/**
 * A server out of the pool for so long, in seconds, has its last sessions cut, so that it can be deleted at all: they
 * are what outlived the drain and its deadline, such as a web socket nobody closes.
 */
const lingeringSecondsMax = 300;

export interface BackendChange {
  readonly backend: string;
  readonly observed: readonly RuntimeServer[];
  /** Addresses are IP addresses: HAProxy resolves no names at run time. */
  readonly desired: readonly PoolServer[];
}

/** Commands that bring the backend to its pool. Servers come in before others go, so that it is never empty between. */
export function commandsFor({ backend, observed, desired }: BackendChange): string[] {
  const heldById = new Map(observed.map((server) => [server.server, server]));
  const wanted = new Set(desired.map((server) => server.server));
  const ready = desired.filter((server) => server.admin === 'ready');
  const draining = desired.filter((server) => server.admin === 'drain');
  return [
    ...ready.flatMap((server) => commandsForServer(backend, server, heldById.get(server.server))),
    ...draining.flatMap((server) => commandsForServer(backend, server, heldById.get(server.server))),
    // Maintenance takes a server no new requests and lets those in flight finish, like drain; it also stops the
    // checks and closes idle connections, and only a server in maintenance can be deleted.
    ...observed
      .filter((server) => !wanted.has(server.server) && server.admin !== 'maintenance')
      .map((server) => `set server ${backend}/${server.server} state maint`),
  ];
}

/**
 * Deletes what left the pool. HAProxy refuses while a connection is left, idle ones included, so this is said again
 * until the server is gone. A connection that becomes idle in maintenance stays in 2.6; entering maintenance once more
 * closes it, and only from another state is maintenance entered.
 */
export function removalsFor(change: BackendChange, sessionsByServer: ReadonlyMap<string, number>): string[] {
  const wanted = new Set(change.desired.map((server) => server.server));
  return change.observed
    .filter((server) => !wanted.has(server.server))
    .flatMap((server) => {
      const name = `${change.backend}/${server.server}`;
      if ((sessionsByServer.get(server.server) ?? 0) === 0) {
        return [`set server ${name} state drain`, `set server ${name} state maint`, `del server ${name}`];
      }
      const lingers = server.admin === 'maintenance' && server.unchangedForSeconds > lingeringSecondsMax;
      return lingers ? [`shutdown sessions server ${name}`] : [];
    });
}

function commandsForServer(backend: string, desired: PoolServer, held: RuntimeServer | undefined): string[] {
  const name = `${backend}/${desired.server}`;
  const { address, weight, admin } = desired;
  if (held === undefined) {
    // A server added at run time starts in maintenance with its check off, and takes nothing from default-server.
    return [
      `add server ${name} ${hostPort(address)} weight ${weight} ${serverOptions}`,
      `enable health ${name}`,
      `set server ${name} state ${admin}`,
    ];
  }
  const commands: string[] = [];
  if (held.address.host !== address.host || held.address.port !== address.port) {
    commands.push(`set server ${name} addr ${address.host} port ${address.port}`);
  }
  if (held.weight !== weight) commands.push(`set server ${name} weight ${weight}`);
  if (!held.checked) commands.push(`enable health ${name}`);
  // Back before it was gone: while it drained its checks failed, and it would take nothing until the next one passes.
  if (held.admin !== admin && admin === 'ready') commands.push(`set server ${name} health up`);
  if (held.admin !== admin) commands.push(`set server ${name} state ${admin}`);
  return commands;
}
