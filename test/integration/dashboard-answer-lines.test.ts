/** Answers that take long, over a real socket: they end when whoever asked has gone, whenever that was. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastifyInstance, fastify } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerLines, type Telling } from '../../services/dashboard/answer-lines.ts';
import type { Api, App } from '../../services/dashboard/app.ts';
import { addOpenApi } from '../../services/dashboard/open-api.ts';
import { addExport } from '../../services/dashboard/routes/export.ts';
import type { FleetId } from '../../schemas/ids.ts';
import type { LogSource } from '../../src/audit/log-source.ts';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import { silentLogger as logger } from '../../src/telemetry/logger.ts';
import { eventually, steady } from '../support/eventually.ts';
import { ManualClock } from '../unit/client/fake-bus.ts';

/** What the route below does before it answers, and with what; both the test's own. */
let before: () => Promise<void>;
let work: (telling: Telling) => Promise<object>;
let answered: string[];
let clock: Clock;
let app: FastifyInstance;

beforeEach(async () => {
  before = async () => undefined;
  answered = [];
  clock = systemClock;
  app = fastify({ forceCloseConnections: true });
  app.get('/', async (request, reply) => {
    await before();
    const options = { request, reply, clock, logger, timeoutMs: 600_000 };
    await answerLines(options, (telling) => work(telling)).finally(() => answered.push('over'));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

async function ask(of: Pick<FastifyInstance, 'server'> = app, path = '/', method = 'GET'): Promise<Socket> {
  const socket = connect((of.server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  return socket;
}

/** Settles when the first who connects has gone. */
function leaving({ server }: Pick<FastifyInstance, 'server'>): Promise<void> {
  return new Promise((resolve) => {
    server.once('connection', (socket) => socket.once('close', () => resolve()));
  });
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

  it('is over for who is there and takes nothing, half a minute after the last that was taken', async () => {
    const time = new ManualClock();
    clock = time;
    let told = 0;
    work = async ({ signal, tell }) => {
      for (; !signal.aborted; told += 1) await tell({ step: 'x'.repeat(65_536) });
      return { end: told };
    };
    const socket = await ask();
    socket.pause();
    await steady(() => told, { what: 'the line that is not taken' });
    for (let second = 0; second < 29; second += 1) await time.advance(1_000);
    expect(answered).toEqual([]);
    for (let second = 0; second < 5; second += 1) await time.advance(1_000);
    await over();
    socket.destroy();
  });

  it('has a head that takes no work', async () => {
    work = () => Promise.reject(new Error('nobody reads what comes of it'));
    const socket = await ask(app, '/', 'HEAD');
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 200 .*application\/x-ndjson/s);
    await over();
    socket.destroy();
  });

  it('is not begun for who has gone while it was prepared', async () => {
    const gone = leaving(app);
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

describe('an export', () => {
  let dataDirectory: string;
  let exporting: App;
  let isRead: boolean;

  beforeEach(async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'muster-export-'));
    exporting = fastify({ forceCloseConnections: true }).withTypeProvider<ZodTypeProvider>();
    await addOpenApi(exporting);
    const gone = leaving(exporting);
    isRead = false;
    const next = async () => {
      isRead = true;
      await gone;
      return { done: true, value: undefined } as const;
    };
    const source: LogSource = {
      name: 'a log that is empty, and slow',
      read: () => ({ [Symbol.asyncIterator]: () => ({ next }) }),
    };
    const asOf = { now: () => ({ position: 1 }), source: (signal: AbortSignal) => ({ source, signal }) };
    addExport(exporting, { asOf, fleet: 'main' as FleetId, clock, dataDirectory } as unknown as Api);
    await exporting.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(async () => {
    await exporting.close();
    rmSync(dataDirectory, { recursive: true });
  });

  it('leaves nothing behind for who has gone before it was whole', async () => {
    const socket = await ask(exporting, '/v1/export');
    await eventually(() => isRead, { what: 'the export to begin' });
    expect(readdirSync(dataDirectory)).toHaveLength(1);
    socket.destroy();
    await eventually(() => readdirSync(dataDirectory).length === 0, { what: 'its folder to be gone' });
  });

  it('has a head that reads nothing', async () => {
    const socket = await ask(exporting, '/v1/export', 'HEAD');
    const answer = await Promise.race([
      once(socket, 'data').then(([head]) => String(head)),
      eventually(() => isRead, { what: 'the log to be read' }).then(() => 'the log was read'),
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*main-1\.ndjson\.gz/s);
    socket.destroy();
  });
});
