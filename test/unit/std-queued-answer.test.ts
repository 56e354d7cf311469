import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeWithConnection } from '../../src/std/queued-answer.ts';
import { eventually } from '../support/eventually.ts';

let server: Server;
/** Paths of answers that closed, in order. */
let closed: string[];
let begun: number;

beforeEach(async () => {
  [closed, begun] = [[], 0];
  server = createServer((request, response) => {
    closeWithConnection(request, response);
    begun += 1;
    response.once('close', () => closed.push(request.url ?? ''));
    response.on('close', () => closed.push('once more'));
    if (request.url !== '/never') response.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

function send(...paths: string[]) {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  return socket;
}

const each = (...paths: string[]) => paths.flatMap((path) => [path, 'once more']);

it('answers that wait behind one on their connection close with it, each once', async () => {
  const socket = send('/never', '/a', '/b');
  await eventually(() => begun === 3);
  expect(closed).toEqual([]);
  socket.destroy();
  await eventually(() => closed.length >= 6);
  expect([...closed].sort()).toEqual(each('/never', '/a', '/b').sort());
});

it('answers that had their turn close once, in order, and again with nothing', async () => {
  const socket = send('/a', '/b', '/c');
  await eventually(() => closed.length >= 6);
  socket.destroy();
  await eventually(() => closed.length >= 6);
  expect(closed).toEqual(each('/a', '/b', '/c'));
});
