/** A gateway's stand-in for balancer tests: says its name, counts what is in flight, and may be slow. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../../schemas/ids.ts';

export interface HttpBackend {
  readonly name: string;
  readonly address: Address;
  /** Requests taken, health checks aside. */
  readonly served: () => number;
  readonly inFlight: () => number;
  /** Lets requests to `/hold` go on. */
  release(): void;
  stop(): Promise<void>;
}

/** Longer than any balancer keeps an idle connection, as a gateway's. */
const keepAliveTimeoutMs = 65_000;

export async function startHttpBackend(name: string): Promise<HttpBackend> {
  let served = 0;
  let inFlight = 0;
  let held: (() => void)[] = [];
  const server: Server = createServer((request, response) => {
    if (request.url === '/-/ready') {
      response.end('ready');
      return;
    }
    served += 1;
    inFlight += 1;
    response.on('close', () => {
      inFlight -= 1;
    });
    request.resume();
    const answer = () => response.end(name);
    if (request.url === '/hold') held.push(answer);
    else request.on('end', answer);
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    name,
    address: { host: '127.0.0.1', port },
    served: () => served,
    inFlight: () => inFlight,
    release() {
      for (const answer of held) answer();
      held = [];
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
