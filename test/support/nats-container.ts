/** A `nats-server` in a container, by testcontainers: where no binary is there, or where it is asked for. */
import type { NatsServer, StartNatsOptions } from './nats-server.ts';

const clientPort = 4222;
const monitorPort = 8222;

/** It cannot be killed and restarted on the same port. */
export async function startNatsContainer(options: StartNatsOptions, image: string): Promise<NatsServer> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  // Ports are published on this machine, whatever it is taken for.
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';
  const { GenericContainer, Wait } = await import('testcontainers');
  const config = [
    `listen: "0.0.0.0:${clientPort}"`,
    `http: "0.0.0.0:${monitorPort}"`,
    `jetstream {\n store_dir: /data\n max_file_store: 256GB\n ${options.jetstream ?? ''}\n}`,
    options.config ?? '',
  ].join('\n');
  const container = await new GenericContainer(image)
    .withCopyContentToContainer([{ content: config, target: '/muster.conf' }])
    .withCommand(['-c', '/muster.conf'])
    .withExposedPorts(
      options.port === undefined ? clientPort : { container: clientPort, host: options.port },
      monitorPort,
    )
    .withWaitStrategy(Wait.forLogMessage('Server is ready'))
    .start();
  const host = container.getHost();
  const port = container.getMappedPort(clientPort);
  const refuse = () => Promise.reject(new Error('a server in a container is not killed by its pid'));
  let stopped: Promise<void> | undefined;
  return {
    url: `nats://${host}:${port}`,
    monitorUrls: [`http://${host}:${container.getMappedPort(monitorPort)}`],
    port,
    storeDirs: [],
    pid: 0,
    canKill: false,
    kill: refuse,
    restart: refuse,
    stop() {
      stopped ??= container.stop().then(() => undefined);
      return stopped;
    },
    log: () => '',
  };
}
