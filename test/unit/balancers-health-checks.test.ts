/** nginx's checks of readiness against servers that answer in whatever way they like. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Address, GroupId, ServerId } from '../../schemas/ids.ts';
import type { DesiredPool } from '../../src/balancers/balancer.ts';
import { HealthChecks } from '../../src/balancers/nginx/health-checks.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';

const stoppers: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
});

async function answering(text: string): Promise<Address> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stoppers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function poolOf(addressByName: Readonly<Record<string, Address>>): DesiredPool {
  const servers = Object.entries(addressByName).map(([server, address]) => {
    return { server: server as ServerId, address, weight: 100, admin: 'ready' as const };
  });
  return { group: 'production' as GroupId, servers };
}

const well = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

it.each([
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
  ['nothing', ''],
  ['what is no HTTP', 'SSH-2.0-x\r\n'],
])('rests a server that answers with %s, and goes on asking the others', async (_, text) => {
  const pool = poolOf({ s1: await answering(well), s2: await answering(text) });
  let [changes, isDone] = [0, false];
  const onChange = () => {
    changes += 1;
    return Promise.resolve(isDone);
  };
  const checks = new HealthChecks({ clock, pools: () => [pool], onChange });
  stoppers.push(() => checks.stop());
  checks.start();
  const weights = () => checks.restUnwell(pool).servers.map(({ weight }) => weight);
  await eventually(() => weights()[1] === 0, { what: 'the strange one to be rested' });
  expect(weights()).toEqual([100, 0]);
  // What followed from it could not be done: it is asked for again.
  await eventually(() => changes >= 2, { what: 'the change to be told again' });
  isDone = true;
});
