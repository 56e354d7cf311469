/**
 * When a cluster is whole: each server says that all it holds is there and up to date, the one that leads hears each, whoever
 * is connected to one is heard by those of each other, and there is room for a stream on all.
 *
 * Of servers that start at the same time one may not get to know what another listens to, though all routes are up: it is
 * then not heard, for good, and the cluster waits for it, or puts no stream on it ("no suitable peers"). Seen with 2.10.27, in
 * one start of ten or twenty on a busy machine. As its operator would, we start such a server again.
 */
import { eventually } from './eventually.ts';
import { bytesOf, openBus, uniqueName } from './nats-bus.ts';
import type { NatsServer } from './nats-server.ts';

/** Elections take up to 9 s, one after the other; a busy machine. */
const patienceMs = 20_000;
/** An answer takes a millisecond; routes that have just come up tell of what is listened to a moment later. */
const probeTimeoutMs = 2_000;
/** Twice in a row is a matter of one in hundreds. */
const attemptsMax = 3;

/** `n0`, `n1`, … are their names, in order. Where not everybody is let in, no stream is tried. */
export async function untilWhole(servers: readonly NatsServer[], { isOpen }: { isOpen: boolean }): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    let lacking: readonly NatsServer[] = servers;
    const isWhole = async () => {
      const reasonByServer = await lackingOf(servers);
      lacking = [...reasonByServer.keys()];
      if (lacking.length > 0) throw new Error([...reasonByServer.values()].join('; '));
      if (!isOpen) return true;
      const unheard = await firstUnheard(servers);
      if (unheard !== undefined) lacking = [unheard];
      return unheard === undefined && (await placesStreams(servers));
    };
    try {
      await eventually(isWhole, { what: 'a cluster of NATS servers to be whole', timeoutMs: patienceMs });
      return;
    } catch (error) {
      if (attempt === attemptsMax) throw error;
      // Where no stream is placed nobody says on whose account.
      const again = lacking.length === 0 ? servers : lacking;
      process.emitWarning(`starting ${again.length} of ${servers.length} NATS servers again: ${String(error)}`);
      for (const server of again) await server.restart();
    }
  }
}

interface MetaCluster {
  readonly leader?: string;
  readonly replicas?: readonly { readonly name: string; readonly current: boolean }[];
}

/** Those that are behind by their own word or the leader's, with that word; all where nobody says that it leads. */
async function lackingOf(servers: readonly NatsServer[]): Promise<ReadonlyMap<NatsServer, string>> {
  const lacking = new Map<NatsServer, string>();
  let isLed = false;
  for (const [index, server] of servers.entries()) {
    const ask = (path: string) => fetch(`${server.monitorUrls[0]}${path}`, { signal: AbortSignal.timeout(2_000) });
    const health = await ask('/healthz');
    if (!health.ok) lacking.set(server, `n${index}: ${(await health.text()).trim()}`);
    const { meta_cluster: meta } = (await (await ask('/jsz')).json()) as { meta_cluster?: MetaCluster };
    if (meta?.leader !== `n${index}`) continue;
    isLed = true;
    for (const { name, current } of meta.replicas ?? []) {
      const replica = servers[Number(name.slice(1))];
      if (!current && replica !== undefined) lacking.set(replica, `${name} is not current to n${index}`);
    }
  }
  return isLed ? lacking : new Map(servers.map((server, index) => [server, `n${index}: nobody leads`]));
}

/** The first of them whose clients get no answer from those of another: one that came last is the likeliest. */
async function firstUnheard(servers: readonly NatsServer[]): Promise<NatsServer | undefined> {
  const buses = await Promise.all(servers.map(({ url }) => openBus(url, 'prober')));
  try {
    const subjects = buses.map((bus) => {
      const subject = uniqueName('probe');
      bus.subscribe({ subject, onMessage: (message) => void message.respond(message.data) });
      return subject;
    });
    await Promise.all(buses.map((bus) => bus.flush()));
    for (const [at, subject] of subjects.entries()) {
      const others = buses.filter((_, index) => index !== at);
      const asked = others.map((bus) => bus.request({ subject, data: bytesOf('probe'), timeoutMs: probeTimeoutMs }));
      const answers = await Promise.allSettled(asked);
      if (answers.some(({ status }) => status === 'rejected')) return servers[at];
    }
    return undefined;
  } finally {
    await Promise.all(buses.map((bus) => bus.close()));
  }
}

/** Makes a stream with a copy on each server, and removes it. */
async function placesStreams(servers: readonly NatsServer[]): Promise<boolean> {
  const bus = await openBus(servers.map(({ url }) => url).join(','), 'prober');
  try {
    const name = uniqueName('probe');
    const data = bytesOf(JSON.stringify({ name, subjects: [name], storage: 'file', num_replicas: servers.length }));
    const answer = await bus.request({ subject: `$JS.API.STREAM.CREATE.${name}`, data, timeoutMs: 5_000 });
    const { error } = JSON.parse(Buffer.from(answer.data).toString()) as { error?: object };
    if (error !== undefined) throw new Error(JSON.stringify(error));
    await bus.removeStream(name);
    return true;
  } finally {
    await bus.close();
  }
}
