/**
 * The port every balancer realises: haproxy, nginx, envoy and file are siblings with the same file names.
 *
 * Promises: `apply` resolves only after the balancer itself, read back, holds the pool; nothing is remembered in its
 * place. Must not know: domain, projections, nats. It is testable with a pool and a socket.
 * Duties of the caller: assert every pool again after `onRestart`, and again while `apply` says `settled: false`.
 */
import type { Address, GroupId, ServerId } from '../../schemas/ids.ts';

export interface PoolServer {
  readonly server: ServerId;
  readonly address: Address;
  /** 0 to 256, as in HAProxy. */
  readonly weight: number;
  readonly admin: 'ready' | 'drain';
}

export interface DesiredPool {
  readonly group: GroupId;
  readonly servers: readonly PoolServer[];
  /** The revision's stamp as `<term>.<position>`, for a balancer that shows its version. */
  readonly version?: string;
}

export interface ObservedPoolServer {
  readonly server: ServerId;
  readonly address: Address;
  readonly weight: number;
  /** `maintenance`: no longer in the pool, on its way out, or never put in. */
  readonly admin: 'ready' | 'drain' | 'maintenance';
  /** By the balancer's own health check; true where it has none to tell of. */
  readonly healthy: boolean;
  /**
   * Requests in flight by the balancer's own count; never too low, after a reload it may be too high. nginx counts
   * workers of before a reload. Undefined: it counts none, as `file`.
   */
  readonly inFlight: number | undefined;
}

/** What the balancer says it holds for one group. */
export interface ObservedPool {
  readonly group: GroupId;
  /** Where it takes requests for the group, as a URL. */
  readonly listen: string;
  readonly servers: readonly ObservedPoolServer[];
}

export interface AppliedPool extends ObservedPool {
  /** False: servers that left still hold connections; apply again later to take them out. */
  readonly settled: boolean;
}

export interface Balancer {
  /** As registered: `haproxy`. */
  readonly kind: string;
  /**
   * Brings the balancer up with exactly these pools, or adopts the one that runs. Without a pool nothing is started. One
   * that cannot be had, and that nothing serves yet, is left out: it keeps no other from being served.
   */
  start(pools: readonly DesiredPool[]): Promise<void>;
  /** Makes the group's pool so, adding the group where it is new. Throws a `Failure` when it is not so afterwards. */
  apply(pool: DesiredPool): Promise<AppliedPool>;
  /**
   * Takes the group out, with its frontend; its port is free again, unless it was given. Resolves once nothing listens
   * for it; a group it does not have is no news. Requests under way may finish.
   */
  remove(group: GroupId): Promise<void>;
  /** Undefined: the balancer runs but has no such group. Throws `unavailable` when it does not answer. */
  readBack(group: GroupId): Promise<ObservedPool | undefined>;
  /** Called whenever the balancer came back with its memory lost; returns how to stop listening. */
  onRestart(listener: () => void): () => void;
  /** `leaveRunning` lets go of it without ending it: it serves on until somebody adopts it. */
  stop(options?: { readonly leaveRunning?: boolean }): Promise<void>;
}

/** True when what was read back is the pool: every server with its address, weight and admin, and nobody else in it. */
export function holdsPool(observed: ObservedPool | undefined, desired: DesiredPool): boolean {
  if (observed === undefined) return false;
  const taking = observed.servers.filter((server) => server.admin !== 'maintenance');
  if (taking.length !== desired.servers.length) return false;
  const byServer = new Map(taking.map((server) => [server.server, server]));
  return desired.servers.every((wanted) => {
    const held = byServer.get(wanted.server);
    return held !== undefined && held.weight === wanted.weight && held.admin === wanted.admin;
  });
}
