/** Answers told line by line, over a real socket: they end when whoever asked has gone, whenever that was. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerLines, type Telling } from '../../services/dashboard/answer-lines.ts';
import { systemClock as clock } from '../../src/std/clock.ts';
import { silentLogger as logger } from '../../src/telemetry/logger.ts';
import { eventually } from '../support/eventually.ts';

/** What the route below does before it answers, and with what; both the test's own. */
let before: () => Promise<void>;
let work: (telling: Telling) => Promise<object>;
let answered: string[];
let app: FastifyInstance;

beforeEach(async () => {
  before = async () => undefined;
  answered = [];
  app = fastify({ forceCloseConnections: true });
  app.get('/', async (request, reply) => {
    await before();
    const options = { request, reply, clock, logger, timeoutMs: 600_000 };
    await answerLines(options, (telling) => work(telling)).finally(() => answered.push('over'));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

async function ask(): Promise<Socket> {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  return socket;
}

const over = () => eventually(() => answered.includes('over'), { what: 'the answer to be over' });

describe('an answer by lines', () => {
  it('is over when who asked goes away in the midst of it', async () => {
    work = async ({ signal, tell }) => {
      await tell({ step: 1 });
      await once(signal, 'abort');
      return { end: 1 };
    };
    const socket = await ask();
    await once(socket, 'data');
    socket.destroy();
    await over();
  });

  it('is not begun for who has gone while it was prepared', async () => {
    const gone = new Promise<void>((resolve) => {
      app.server.once('connection', (socket) => socket.once('close', () => resolve()));
    });
    let isAsked = false;
    before = async () => {
      isAsked = true;
      await gone;
    };
    let isBegun = false;
    work = async ({ tell }) => {
      isBegun = true;
      await tell({ step: 1 });
      return { end: 1 };
    };
    const socket = await ask();
    await eventually(() => isAsked, { what: 'the question to arrive' });
    socket.destroy();
    await over();
    expect(isBegun).toBe(false);
  });
});
