/** The reference gateway by itself, driven as the agent drives it, over real HTTP. */
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createRawServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ProjectFile } from '../../schemas/bundle.ts';
import type { Digest, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import type { Probe } from '../../schemas/rollout.ts';
import type { AppliedProject } from '../../src/agent/driver.ts';
import { BuiltinDriver } from '../../src/agent/drivers/builtin/driver.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { eventually, steady } from '../support/eventually.ts';

const signal = new AbortController().signal;
const stoppers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const stop of stoppers.splice(0).reverse()) await stop();
});

interface ProjectOptions {
  readonly version?: string;
  readonly proven?: boolean;
  readonly probe?: Probe;
  readonly routes: unknown[];
  readonly health?: string;
}

function projectOf(
  name: string,
  { version = '1.0.0', proven = false, probe, ...rest }: ProjectOptions,
): AppliedProject {
  const file = ProjectFile.parse({ name, ...rest });
  const digest = '0'.repeat(64) as Digest;
  const ids = { project: name as ProjectId, version: version as ProjectVersion };
  return { ...ids, digest, folder: '/nowhere', file, proven, probe };
}

async function startGateway(): Promise<{ driver: BuiltinDriver; url: string; port: number }> {
  const listen = { host: '127.0.0.1', port: 0 };
  const server = 'edge-1' as ServerId;
  const driver = new BuiltinDriver({ server, listen, secret: 's3cret', clock: systemClock, logger: silentLogger });
  stoppers.push(() => driver.stop());
  const { address } = await driver.start();
  return { driver, url: `http://127.0.0.1:${address.port}`, port: address.port };
}

async function startUpstream(
  onRequest: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server: Server = createServer((request, response) => void onRequest(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stoppers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says these bytes to whatever it is asked. */
async function startRawUpstream(text: string): Promise<string> {
  const server = createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(text));
    stoppers.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stoppers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Of a request for this path as it is; `fetch` would resolve it first. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, path, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    asked.once('error', reject).end();
  });
}

const fixed = (path: string, more: object = {}) => ({
  path,
  respond: { body: '{{server}} {{project}} {{version}}', ...more },
});

describe('fixed answers', () => {
  it('name the server, the project and the version, in body and headers', async () => {
    const { driver, url } = await startGateway();
    expect(
      await driver.apply(
        [projectOf('hello', { routes: [fixed('/hello', { status: 201, headers: { 'x-a': 'b' } })] })],
        signal,
      ),
    ).toEqual([]);
    const answer = await fetch(`${url}/hello?q=1`);
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe('edge-1 hello 1.0.0');
    expect(answer.headers.get('x-muster-server')).toBe('edge-1');
    expect(answer.headers.get('x-muster-project')).toBe('hello@1.0.0');
    expect(answer.headers.get('x-a')).toBe('b');
  });

  it('a path nobody serves gets 404 with the projects that are here', async () => {
    const { driver, url } = await startGateway();
    await driver.apply([projectOf('hello', { routes: [fixed('/hello')] })], signal);
    for (const path of ['/other', '/%zz', '/hello/']) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ server: 'edge-1', projects: ['hello@1.0.0'] });
    }
  });

  it('a route that names its methods wins over one of the same project that takes all', async () => {
    const { driver, url } = await startGateway();
    const routes = [fixed('/x/:id', { status: 202 }), { ...fixed('/x/:key', { status: 203 }), methods: ['POST'] }];
    expect(await driver.apply([projectOf('hello', { routes })], signal)).toEqual([]);
    expect((await fetch(`${url}/x/${'long'.repeat(1_000)}`)).status).toBe(202);
    expect((await fetch(`${url}/x/1`, { method: 'POST', body: 'text' })).status).toBe(203);
  });
});

describe('applying a set', () => {
  it('changes nothing when two projects claim one route, and names the one that came second', async () => {
    const { driver, url } = await startGateway();
    await driver.apply([projectOf('zeta', { routes: [fixed('/a/:one')] })], signal);
    const set = [
      projectOf('alpha', { version: '2.0.0', routes: [fixed('/a/:two')] }),
      projectOf('zeta', { proven: true, routes: [fixed('/a/:one')] }),
    ];
    expect(await driver.apply(set, signal)).toEqual([{ project: 'alpha', text: 'GET /a/:two is served by zeta' }]);
    expect((await fetch(`${url}/a/1`)).headers.get('x-muster-project')).toBe('zeta@1.0.0');
  });

  it('refuses paths of the gateway itself and paths the router does not take', async () => {
    const { driver } = await startGateway();
    expect(await driver.apply([projectOf('a', { routes: [fixed('/-/ready')] })], signal)).toMatchObject([
      { project: 'a' },
    ]);
    expect(await driver.apply([projectOf('a', { routes: [fixed('/a/*/b')] })], signal)).toMatchObject([
      { project: 'a' },
    ]);
  });

  it('asks what is probed before any client sees it: it has to answer, in time, and as this project', async () => {
    const { driver, url } = await startGateway();
    const routes = [fixed('/x', { status: 500 }), fixed('/well'), fixed('/moved', { status: 302 })];
    const slow = { ...fixed('/slow', { delayMs: 5_000 }) };
    const other = projectOf('other', { proven: true, routes: [fixed('/other')] });
    await driver.apply([projectOf('hello', { routes: [fixed('/x')] }), other], signal);
    const tell = (probe: Probe) =>
      driver.apply(
        [projectOf('hello', { version: '2.0.0', routes: [...routes, slow], health: '/well', probe }), other],
        signal,
      );
    const text = async (probe: Probe) => (await tell(probe)).map((problem) => problem.text);
    expect(await text({ path: '/x' })).toEqual(['GET /x answered 500']);
    expect(await text({ path: '/x?y=1' })).toEqual(['GET /x?y=1 answered 500']);
    expect(await text({ path: '/none' })).toEqual(['GET /none answered 404']);
    expect(await text({ path: '/other' })).toEqual(['GET /other was answered by other@1.0.0']);
    expect(await text({ path: '/-/live' })).toEqual(['GET /-/live was answered by the gateway itself']);
    expect(await text({ path: '/slow', timeoutMs: 100 })).toEqual([
      expect.stringMatching(/^GET \/slow did not answer/),
    ]);
    expect((await fetch(`${url}/x`)).headers.get('x-muster-project')).toBe('hello@1.0.0');
    expect(await text({ path: '/moved' })).toEqual([]);
    expect((await fetch(`${url}/well`)).headers.get('x-muster-project')).toBe('hello@2.0.0');
  });

  it('gives up on what does not answer in time also when the collector ran meanwhile', async () => {
    const { driver } = await startGateway();
    const slow = { ...fixed('/slow', { delayMs: 5_000 }) };
    const probed = projectOf('hello', { routes: [slow], probe: { path: '/slow', timeoutMs: 500 } });
    const told = driver.apply([probed], signal);
    for (let collections = 0; collections < 3; collections += 1) {
      await setImmediate();
      collectGarbage();
    }
    expect(await told).toEqual([{ project: 'hello', text: 'GET /slow did not answer: waited 500 ms for an answer' }]);
  });

  it('tests a new version by a real request before any client sees it, and never a proven one', async () => {
    const { driver, url } = await startGateway();
    const sick = { routes: [fixed('/x', { status: 500 })], health: '/x' };
    await driver.apply([projectOf('hello', { routes: [fixed('/x')], health: '/x' })], signal);
    const problems = await driver.apply([projectOf('hello', { ...sick, version: '2.0.0' })], signal);
    expect(problems).toEqual([{ project: 'hello', text: 'GET /x answered 500' }]);
    expect((await fetch(`${url}/x`)).headers.get('x-muster-project')).toBe('hello@1.0.0');
    expect(await driver.apply([projectOf('hello', { ...sick, proven: true })], signal)).toEqual([]);
    expect(await driver.health(signal)).toEqual([{ project: 'hello', text: 'GET /x answered 500' }]);
  });

  it('swaps versions under a loop of requests without one failing', async () => {
    const { driver, url } = await startGateway();
    const upstream = await startUpstream((request, response) => {
      request.resume();
      response.end('up');
    });
    const setOf = (version: string) => [
      projectOf('hello', { version, routes: [fixed('/hello')], health: '/hello' }),
      projectOf('orders', {
        version,
        routes: [{ path: '/orders', upstream: `${upstream}/v${version}` }],
        health: '/orders',
      }),
    ];
    await driver.apply(setOf('0'), signal);
    let running = true;
    let answered = 0;
    const versions = new Set<string>();
    const client = async (path: string) => {
      while (running) {
        const answer = await fetch(url + path, path === '/orders' ? { method: 'POST', body: 'x'.repeat(2_000) } : {});
        await answer.text();
        expect(answer.status).toBe(200);
        versions.add(answer.headers.get('x-muster-project') ?? '');
        answered += 1;
      }
    };
    const clients = ['/hello', '/orders', '/hello', '/orders'].map(client);
    for (let version = 1; version <= 30; version += 1) {
      const before = answered;
      expect(await driver.apply(setOf(String(version)), signal)).toEqual([]);
      await eventually(() => answered > before + 8);
    }
    running = false;
    await Promise.all(clients);
    expect(versions.size).toBeGreaterThan(50);
    await eventually(() => driver.inFlight() === 0);
  });
});

describe('serving', () => {
  it('is not ready before the first set, ready while serving, and draining closes connections but ends what it began', async () => {
    const { driver, url } = await startGateway();
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    expect((await fetch(`${url}/-/live`)).status).toBe(200);
    await driver.apply([projectOf('hello', { routes: [fixed('/slow', { delayMs: 300 }), fixed('/fast')] })], signal);
    await driver.setServing('yes');
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    expect((await fetch(`${url}/fast`)).headers.get('connection')).not.toBe('close');
    const slow = fetch(`${url}/slow`);
    await eventually(() => driver.inFlight() === 1);
    await driver.setServing('draining');
    expect((await fetch(`${url}/-/ready`)).status).toBe(503);
    expect((await fetch(`${url}/fast`)).headers.get('connection')).toBe('close');
    expect((await slow).status).toBe(200);
    await eventually(() => driver.inFlight() === 0);
  });

  it('counts no request of a client that has gone, however many it had sent behind the first', async () => {
    const { driver, port } = await startGateway();
    const upstream = await startUpstream(() => undefined);
    const routes = [fixed('/slow', { delayMs: 60_000 }), { path: '/hangs', upstream }];
    await driver.apply([projectOf('hello', { routes })], signal);
    const socket = connect(port, '127.0.0.1');
    const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(ask('/slow') + ask('/hangs') + ask('/hangs') + ask('/slow'));
    await eventually(() => driver.inFlight() === 4, { what: 'all four to have begun' });
    socket.destroy();
    await eventually(() => driver.inFlight() === 0, { what: 'none to be left' });
  });

  it('counts a request until its client has gone', async () => {
    const { driver, url } = await startGateway();
    await driver.apply([projectOf('hello', { routes: [fixed('/slow', { delayMs: 60_000 })] })], signal);
    const abort = new AbortController();
    const work = fetch(`${url}/slow`, { signal: abort.signal });
    await eventually(() => driver.inFlight() === 1);
    abort.abort();
    await expect(work).rejects.toThrow();
    await eventually(() => driver.inFlight() === 0);
  });
});

describe('upstreams', () => {
  it('get the path, the query, the body and who asked, and nothing that belongs to the connection', async () => {
    const { driver, url, port } = await startGateway();
    let seen: { url: string; headers: NodeJS.Dict<string | string[]>; body: string } | undefined;
    const upstream = await startUpstream(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      seen = { url: request.url ?? '', headers: request.headers, body };
      response.writeHead(207, [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'Connection',
        'x-private',
        'X-Private',
        'p',
        'X-Muster-Server',
        'liar',
      ]);
      response.end('answer');
    });
    await driver.apply(
      [projectOf('orders', { routes: [{ path: '/orders/*', upstream: `${upstream}/base/` }] })],
      signal,
    );
    const answer = await new Promise<IncomingMessage & { text?: string }>((resolve, reject) => {
      const headers = {
        connection: 'keep-alive, x-hop',
        'x-hop': 'secret',
        te: 'trailers',
        'proxy-authorization': 'no',
        'x-forwarded-for': '10.0.0.1',
        'x-kept': 'yes',
        expect: '100-continue',
        'x-muster-self-test': 'guess live',
      };
      const asked = httpRequest({ port, path: '/orders/1?q=a%20b', method: 'PUT', headers }, (got) => {
        let text = '';
        got.on('data', (chunk) => {
          text += String(chunk);
        });
        got.on('end', () => resolve(Object.assign(got, { text })));
      });
      asked.on('error', reject);
      asked.end('the body');
    });
    expect(seen).toMatchObject({ url: '/base/orders/1?q=a%20b', body: 'the body' });
    expect(seen?.headers).toMatchObject({
      host: new URL(upstream).host,
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
      'x-forwarded-host': `localhost:${port}`,
      'x-kept': 'yes',
    });
    for (const gone of ['x-hop', 'te', 'proxy-authorization', 'expect', 'x-muster-self-test'])
      expect(seen?.headers).not.toHaveProperty(gone);
    expect(answer.statusCode).toBe(207);
    expect(answer.text).toBe('answer');
    expect(answer.headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'x-muster-server': 'edge-1',
      'x-muster-project': 'orders@1.0.0',
    });
    expect(answer.headers).not.toHaveProperty('x-private');
    expect(url).toContain(String(port));
  });

  it('stream both ways: each chunk arrives before the next is sent', async () => {
    const { driver, port } = await startGateway();
    const upstream = await startUpstream((request, response) => void request.pipe(response));
    await driver.apply([projectOf('echo', { routes: [{ path: '/echo', upstream }] })], signal);
    const asked = httpRequest({ port, path: '/echo', method: 'POST' });
    let received = '';
    const ended = new Promise((resolve, reject) => {
      asked.on('error', reject);
      asked.on('response', (answer) => {
        answer.on('data', (chunk) => {
          received += String(chunk);
        });
        answer.on('end', resolve);
      });
    });
    for (const part of ['one ', 'two ', 'three ']) {
      asked.write(part);
      await eventually(() => received.endsWith(part), { what: `the echo of ${part}` });
    }
    asked.end();
    await ended;
  });

  it('are not read faster than a slow client reads, and are told when it goes', async () => {
    const { driver, port } = await startGateway();
    let sent = 0;
    let closed = false;
    const upstream = await startUpstream((_request, response) => {
      response.on('close', () => {
        closed = true;
      });
      const chunk = Buffer.alloc(1024 * 1024);
      const more = () => {
        while (!closed && sent < 512 && response.write(chunk)) sent += 1;
        if (sent >= 512) response.end();
      };
      response.on('drain', () => {
        sent += 1;
        more();
      });
      more();
    });
    await driver.apply([projectOf('big', { routes: [{ path: '/big', upstream }] })], signal);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await steady(() => sent, { what: 'the upstream to be held back' });
    expect(sent, 'MiB taken from the upstream for a client that reads nothing').toBeLessThan(64);
    socket.destroy();
    await eventually(() => closed, { what: 'the upstream to see the client gone' });
    await eventually(() => driver.inFlight() === 0);
  });

  it('that cannot be reached are answered with 502, those that break off in the middle cut the client off', async () => {
    const { driver, url } = await startGateway();
    const breaking = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const routes = [
      { path: '/none', upstream: 'http://127.0.0.1:9' },
      { path: '/half', upstream: breaking },
    ];
    await driver.apply([projectOf('bad', { routes })], signal);
    const answer = await fetch(`${url}/none`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ project: 'bad@1.0.0' });
    await expect(fetch(`${url}/half`).then((half) => half.text())).rejects.toThrow();
    await eventually(() => driver.inFlight() === 0);
  });

  it('that drop a connection under a request get it once more, where that is harmless', async () => {
    const { driver, url } = await startGateway();
    const asked: string[] = [];
    const upstream = await startUpstream((request, response) => {
      asked.push(request.method ?? '');
      if (asked.length % 2 === 1) request.socket.destroy();
      else response.end('second');
    });
    await driver.apply([projectOf('shaky', { routes: [{ path: '/shaky', upstream }] })], signal);
    expect(await (await fetch(`${url}/shaky`)).text()).toBe('second');
    expect((await fetch(`${url}/shaky`, { method: 'POST', body: 'once' })).status).toBe(502);
    expect(asked).toEqual(['GET', 'GET', 'POST']);
  });

  it.each([
    ['in another script', '200 \u6210\u529f'],
    ['with a control character', '200 \u0001well'],
    ['without a word', '200 '],
    ['as nobody does', '999 Nine'],
  ])('that call their status %s are answered as they are', async (_, status) => {
    const { driver, url } = await startGateway();
    const upstream = await startRawUpstream(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\n\r\nhi`);
    await driver.apply([projectOf('odd', { routes: [{ path: '/odd', upstream }] })], signal);
    const answer = await fetch(`${url}/odd`);
    expect([answer.status, await answer.text()]).toEqual([Number(status.slice(0, 3)), 'hi']);
    expect((await fetch(`${url}/odd`)).status).toBe(answer.status);
  });

  it.each(['/open/../closed', '/open/./x', '/open/%2E%2e/closed', '/open/a/..', '/../closed?q'])(
    'never see a path that climbs out of its route: %s',
    async (path) => {
      const { driver, port } = await startGateway();
      const asked: string[] = [];
      const upstream = await startUpstream((request, response) => {
        asked.push(request.url ?? '');
        response.end();
      });
      await driver.apply([projectOf('some', { routes: [{ path: '/open/*', upstream }] })], signal);
      expect(await statusOf(port, path)).toBe(400);
      expect(await statusOf(port, '/open/..a/b..?back=/../x')).toBe(200);
      expect(asked).toEqual(['/open/..a/b..?back=/../x']);
    },
  );

  it('may say of what has not changed how long it is', async () => {
    const { driver, url } = await startGateway();
    const upstream = await startRawUpstream('HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 12\r\n\r\n');
    await driver.apply([projectOf('same', { routes: [{ path: '/same', upstream }] })], signal);
    for (let asked = 0; asked < 3; asked += 1) {
      const answer = await fetch(`${url}/same`, { headers: { 'if-none-match': '"a"' } });
      expect([answer.status, answer.headers.get('etag')]).toEqual([304, '"a"']);
    }
    await eventually(() => driver.inFlight() === 0);
  });

  it('that answer before they have read the body do not cut off the client', async () => {
    const { driver, url } = await startGateway();
    const upstream = await startUpstream((_request, response) => response.writeHead(413).end('too much'));
    await driver.apply([projectOf('small', { routes: [{ path: '/small', upstream }] })], signal);
    const answer = await fetch(`${url}/small`, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024) });
    expect(answer.status).toBe(413);
    expect(await answer.text()).toBe('too much');
  });
});

describe('what it counts', () => {
  it('is requests, failures and their time of each version it serves, and not its own tests', async () => {
    const { driver, url } = await startGateway();
    const routes = [
      { path: '/good', respond: { body: 'good', delayMs: 20 } },
      { path: '/bad', respond: { status: 500, body: 'bad' } },
      { path: '/odd', respond: { status: 404, body: 'odd' } },
    ];
    expect(await driver.apply([projectOf('orders', { routes, health: '/good' })], signal)).toEqual([]);
    await driver.setServing('yes');
    await driver.health(signal);
    for (const path of ['/good', '/bad', '/odd', '/unknown']) await (await fetch(`${url}${path}`)).arrayBuffer();
    await eventually(() => driver.inFlight() === 0);
    const [counted] = driver.traffic();
    expect(counted).toMatchObject({ project: 'orders', version: '1.0.0', requests: 3, errors: 1 });
    expect(counted?.latencyMs).toBeGreaterThanOrEqual(15);
    expect(await driver.apply([projectOf('orders', { version: '2.0.0', routes })], signal)).toEqual([]);
    expect(driver.traffic()).toEqual([{ project: 'orders', version: '2.0.0', requests: 0, errors: 0, latencyMs: 0 }]);
  });
});
