/** One pool of connections per upstream, kept across swaps of the routing table and closed when no route needs it. */
import { Pool } from 'undici';

/** Connections to one upstream: beyond, requests wait their turn. */
const connectionsMax = 128;
/** Under way and waiting at one upstream: beyond, the gateway answers 503 rather than hold ever more requests. */
export const upstreamRequestsMax = 1_024;
/** An upstream of the same network accepts within milliseconds. */
const connectTimeoutMs = 5_000;
/** Until its first byte, and between two: as long as the balancers in front wait by default. */
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 300_000;

export interface UpstreamPool {
  readonly pool: Pool;
  /** Under way and waiting. */
  requests: number;
}

export class Upstreams {
  readonly #poolByOrigin = new Map<string, UpstreamPool>();

  poolOf(origin: string): UpstreamPool {
    let found = this.#poolByOrigin.get(origin);
    if (found === undefined) {
      const pool = new Pool(origin, {
        connections: connectionsMax,
        pipelining: 1,
        headersTimeout: headersTimeoutMs,
        bodyTimeout: bodyTimeoutMs,
        connect: { timeout: connectTimeoutMs },
      });
      found = { pool, requests: 0 };
      this.#poolByOrigin.set(origin, found);
    }
    return found;
  }

  /** Closes every other pool once its requests have ended. */
  retain(origins: ReadonlySet<string>, onError: (error: unknown) => void): void {
    for (const [origin, { pool }] of this.#poolByOrigin) {
      if (origins.has(origin)) continue;
      this.#poolByOrigin.delete(origin);
      pool.close().catch(onError);
    }
  }

  /** Cuts off what is under way. */
  async destroy(): Promise<void> {
    const pools = [...this.#poolByOrigin.values()];
    this.#poolByOrigin.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }
}
