/**
 * When a cluster is whole: each server says that all it holds is there and up to date, and the one that leads hears each.
 *
 * Of servers that start at the same time one may not get to know what another listens to, though all routes are up: it is
 * then not heard, for good, and the cluster waits for it (seen with 2.10.27, in one start of twenty or so on a busy machine).
 * As its operator would, we start such a server again.
 */
import { eventually } from './eventually.ts';
import type { NatsServer } from './nats-server.ts';

/** Elections take up to 9 s, one after the other; a busy machine. */
const patienceMs = 25_000;
/** Twice in a row is a matter of one in hundreds. */
const attemptsMax = 3;

/** `n0`, `n1`, … are their names, in order. */
export async function untilWhole(servers: readonly NatsServer[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    let lacking: readonly NatsServer[] = servers;
    const isWhole = async () => {
      lacking = await lackingOf(servers);
      return lacking.length === 0;
    };
    try {
      await eventually(isWhole, { what: 'a cluster of NATS servers to be whole', timeoutMs: patienceMs });
      return;
    } catch (error) {
      if (attempt === attemptsMax) throw error;
      process.emitWarning(`starting ${lacking.length} of ${servers.length} NATS servers again: ${String(error)}`);
      for (const server of lacking) await server.restart();
    }
  }
}

interface MetaCluster {
  readonly leader?: string;
  readonly replicas?: readonly { readonly name: string; readonly current: boolean }[];
}

/** Those that are behind by their own word or the leader's; all where nobody says that it leads. */
async function lackingOf(servers: readonly NatsServer[]): Promise<readonly NatsServer[]> {
  const lacking = new Set<NatsServer>();
  let isLed = false;
  for (const [index, server] of servers.entries()) {
    const ask = (path: string) => fetch(`${server.monitorUrls[0]}${path}`, { signal: AbortSignal.timeout(2_000) });
    if (!(await ask('/healthz')).ok) lacking.add(server);
    const { meta_cluster: meta } = (await (await ask('/jsz')).json()) as { meta_cluster?: MetaCluster };
    if (meta?.leader !== `n${index}`) continue;
    isLed = true;
    for (const { name, current } of meta.replicas ?? []) {
      const replica = servers[Number(name.slice(1))];
      if (!current && replica !== undefined) lacking.add(replica);
    }
  }
  return isLed ? [...lacking] : servers;
}
