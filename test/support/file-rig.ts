/**
 * A file balancer, and a small proxy that stands for "anything else": it serves each group from the copy of the pool's
 * file that the balancer's command made for it, so that traffic proves that the command ran.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../schemas/ids.ts';
import { FileBalancer, type FileOptions, PoolFile } from '../../src/balancers/file/file-balancer.ts';
import { systemClock } from '../../src/std/clock.ts';

export interface FileRig {
  readonly dataDirectory: string;
  /** Copies a pool's file to where the proxy reads it. */
  readonly command: string;
  readonly listen: Readonly<Record<string, Address>>;
  create(options?: Partial<FileOptions>): FileBalancer;
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

const groups = ['production', 'edge'];

export async function createFileRig(): Promise<FileRig> {
  const root = mkdtempSync(join(tmpdir(), 'muster-file-'));
  const [dataDirectory, live] = [join(root, 'pools'), join(root, 'live')];
  mkdirSync(live);
  const servers: Server[] = [];
  const listen: Record<string, Address> = {};
  for (const group of groups) {
    const server = proxyFor(join(live, `${group}.json`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    listen[group] = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }
  const command = `cp "$MUSTER_POOL_FILE" '${live}'/.new && mv '${live}'/.new '${live}'/"$MUSTER_GROUP".json`;
  return {
    dataDirectory,
    command,
    listen,
    create: (options) => new FileBalancer({ dataDirectory, clock: systemClock, command, listen, ...options }),
    kill: () => Promise.resolve(),
    async cleanUp() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Weighted by turns; reads the file for each request. */
function proxyFor(path: string): Server {
  let turn = 0;
  return createServer((incoming, outgoing) => {
    const pool = PoolFile.parse(JSON.parse(readFileSync(path, 'utf8')));
    const ready = pool.servers.filter(({ admin }) => admin === 'ready');
    const turns = ready.flatMap(({ address, weight }) => Array.from({ length: weight }, () => address));
    // A prime, so that turns of one server are not all in a row.
    turn += 37;
    const to = turns[turn % turns.length];
    if (to === undefined) return void outgoing.writeHead(503).end();
    const call = request({ host: to.host, port: to.port, path: incoming.url, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502);
      answer.pipe(outgoing);
    });
    call.on('error', () => outgoing.writeHead(502).end());
    call.end();
  });
}
