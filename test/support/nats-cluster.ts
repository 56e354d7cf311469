/** Three `nats-server`s that form a cluster, as child processes: each can be killed, frozen and started again. */
import { freePort } from './free-port.ts';
import { startNatsChild } from './nats-child.ts';
import type { NatsServer, StartNatsOptions } from './nats-server.ts';
import { untilWhole } from './nats-whole.ts';
import { type Place, thisMachine } from './place.ts';

export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  /** All addresses, joined by commas. */
  readonly url: string;
  readonly monitorUrls: readonly string[];
  /** Waits until every server says that all it holds is there and up to date, and is heard by the one that leads. */
  untilWhole(): Promise<void>;
  stop(): Promise<void>;
}

export interface StartNatsClusterOptions extends Omit<StartNatsOptions, 'storeDir' | 'place'> {
  /** The first server's; the others get theirs from the OS. */
  readonly port?: number;
  /** One store each; theirs who gave them to remove. */
  readonly storeDirs?: readonly string[];
  /** One each. Default: this machine. */
  readonly places?: readonly Place[];
}

const size = 3;

export async function startNatsCluster(options: StartNatsClusterOptions = {}): Promise<NatsCluster> {
  const { storeDirs, places, port, ...common } = options;
  const routePorts = await Promise.all(Array.from({ length: size }, freePort));
  // A server that dials a port which was another cluster's a moment ago must be refused there.
  const name = `muster-${routePorts[0]}`;
  const placeOf = (index: number) => places?.[index] ?? thisMachine;
  const routes = routePorts.map((port, index) => `"nats-route://${placeOf(index).address}:${port}"`).join(', ');
  const servers: NatsServer[] = [];
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    for (const [index, routePort] of routePorts.entries()) {
      const place = placeOf(index);
      const cluster = `cluster {\n name: ${name}\n listen: "${place.address}:${routePort}"\n routes: [${routes}]\n}`;
      const config = `server_name: n${index}\n${cluster}\n${options.config ?? ''}`;
      const storeDir = storeDirs?.[index];
      const own = {
        ...(storeDir === undefined ? {} : { storeDir }),
        ...(index > 0 || port === undefined ? {} : { port }),
      };
      servers.push(await startNatsChild({ ...common, ...own, config, place }));
    }
    const monitorUrls = servers.flatMap((server) => server.monitorUrls);
    const isOpen = options.config === undefined;
    await untilWhole(servers, { isOpen });
    const url = servers.map((server) => server.url).join(',');
    return { servers, url, monitorUrls, untilWhole: () => untilWhole(servers, { isOpen }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The cluster as one server: what is done to it is done to all three. For tests that know of one. */
export async function clusterAsOne(options: StartNatsOptions): Promise<NatsServer> {
  const { storeDir, ...rest } = options;
  const storeDirs = storeDir === undefined ? {} : { storeDirs: [0, 1, 2].map((index) => `${storeDir}/${index}`) };
  const cluster = await startNatsCluster({ ...rest, ...storeDirs });
  const [first] = cluster.servers as [NatsServer];
  return {
    ...first,
    get pid() {
      return first.pid;
    },
    url: cluster.url,
    monitorUrls: cluster.monitorUrls,
    storeDirs: cluster.servers.flatMap((server) => server.storeDirs),
    async kill(signal) {
      await Promise.all(cluster.servers.map((server) => server.kill(signal)));
    },
    async restart() {
      await Promise.all(cluster.servers.map((server) => server.kill('SIGKILL')));
      await Promise.all(cluster.servers.map((server) => server.restart()));
      await cluster.untilWhole();
    },
    stop: cluster.stop,
  };
}
