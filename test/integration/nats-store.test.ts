import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { bytesOf, ensureReached, openBus, take, testStream, textOf, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

let server: NatsServer;
let bus: Bus;
beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url);
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

const timeoutMs = 10_000;
/** A certificate of this machine's loopback, good for a hundred years, its own authority. */
const golden = (name: string) => fileURLToPath(new URL(`../golden/tls/${name}`, import.meta.url));

async function freshStream(changes = {}) {
  const name = uniqueName('S');
  await ensureReached(bus, testStream(name, changes));
  return name;
}

describe('store', () => {
  it('acknowledges with the sequence and tells a conflict from a stored message', async () => {
    const name = await freshStream();
    const subject = `${name}.a`;
    const data = bytesOf('x');
    const first = { subject, data, timeoutMs, expect: { lastSequence: 0 } };
    expect(await bus.store(first)).toEqual({ status: 'stored', sequence: 1, duplicate: false });
    expect(await bus.store(first)).toEqual({ status: 'conflict' });
    const fenced = { subject, data, timeoutMs, contentType: 'text/plain' };
    expect(await bus.store({ ...fenced, expect: { lastSubjectSequence: 0 } })).toEqual({ status: 'conflict' });
    expect(await bus.store({ ...fenced, expect: { lastSubjectSequence: 1 } })).toMatchObject({ sequence: 2 });
    const other = { subject: `${name}.b`, data, timeoutMs };
    expect(await bus.store({ ...other, expect: { lastSubjectSequence: 0 } })).toMatchObject({ sequence: 3 });
    for (const from of ['leader', 'any'] as const) {
      const got = await bus.get({ stream: name, sequence: 2 }, from, timeoutMs);
      expect(got).toMatchObject({ subject, sequence: 2, contentType: 'text/plain' });
      expect(Math.abs((got?.storedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('says that nothing was stored where no stream takes the subject, or the stream is full or refuses the size', async () => {
    const nowhere = bus.store({ subject: uniqueName('nowhere'), data: bytesOf('x'), timeoutMs });
    await expect(nowhere).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const name = await freshStream({ maxMessageBytes: 10 });
    const large = bus.store({ subject: `${name}.a`, data: new Uint8Array(11), timeoutMs });
    await expect(large).rejects.toMatchObject({ code: 'unavailable', retryable: false });
    const huge = bus.store({ subject: `${name}.a`, data: new Uint8Array(2 * 1024 * 1024), timeoutMs });
    await expect(huge).rejects.toMatchObject({ code: 'unavailable', retryable: false });
  });

  it('keeps the order of a pipeline and answers each', async () => {
    const name = await freshStream();
    const count = 2_000;
    const acks = Array.from({ length: count }, (_, i) =>
      bus.store({ subject: `${name}.a`, data: bytesOf(`${i}`), timeoutMs, expect: { lastSequence: i } }),
    );
    const outcomes = await Promise.all(acks);
    expect(outcomes.map((o) => (o.status === 'stored' ? o.sequence : 0))).toEqual(outcomes.map((_, i) => i + 1));
  });
});

describe('a run', () => {
  it('is acknowledged once, whole, and is a conflict where the stream does not stand where it begins', async () => {
    const name = await freshStream();
    const sender = await openBus(server.url, 'sender');
    const messages = ['one', 'two', 'three'].map((text) => ({ subject: `${name}.a`, data: bytesOf(text) }));
    const run = { messages, lastSequence: 0, timeoutMs };
    expect(await sender.storeRun(run)).toEqual({ status: 'stored', sequence: 3, duplicate: false });
    expect(textOf((await bus.get({ stream: name, sequence: 2 }, 'leader', timeoutMs))?.data ?? bytesOf(''))).toBe(
      'two',
    );
    expect(await sender.storeRun(run)).toEqual({ status: 'conflict' });
    expect((await bus.streamStatus(name)).lastSequence).toBe(3);
    // A run that begins too early finds its slots filled up to where the stream ends, and fills the rest.
    const longer = { ...run, messages: [...messages, { subject: `${name}.a`, data: bytesOf('four') }] };
    expect(await sender.storeRun(longer)).toMatchObject({ status: 'stored', sequence: 4 });
    expect(textOf((await bus.get({ stream: name, sequence: 3 }, 'leader', timeoutMs))?.data ?? bytesOf(''))).toBe(
      'three',
    );
    await sender.close();
  });

  it('goes by another connection than what is stored one by one, opened by the first run and closed with the bus', async () => {
    const name = await freshStream();
    const sender = await openBus(server.url, 'sender');
    const names = async () => {
      const all: { name: string; in_bytes: number }[] = [];
      for (const monitor of server.monitorUrls) {
        const { connections } = (await (await fetch(`${monitor}/connz`)).json()) as { connections: typeof all };
        all.push(...connections);
      }
      return all.filter((each) => each.name.startsWith('sender'));
    };
    await sender.store({ subject: `${name}.a`, data: bytesOf('x'), timeoutMs });
    expect((await names()).map((each) => each.name)).toEqual(['sender']);
    const data = new Uint8Array(64 * 1024);
    const messages = Array.from({ length: 20 }, () => ({ subject: `${name}.a`, data }));
    await sender.storeRun({ messages, lastSequence: 1, timeoutMs });
    const [one, runs] = (await names()).sort((a, b) => a.in_bytes - b.in_bytes);
    expect([one?.name, runs?.name]).toEqual(['sender', 'sender, runs']);
    expect(one?.in_bytes).toBeLessThan(data.length);
    await sender.close();
    await eventually(async () => (await names()).length === 0, { what: 'both to be closed' });
  });
});

describe('a lost connection', () => {
  it('fails everything under way at once, refuses new work, and comes back by itself', async (context) => {
    if (!server.canKill) return context.skip('this NATS is not ours to kill');
    const name = await freshStream();
    const told: string[] = [];
    const leave = bus.onConnection((status) => told.push(status));
    // A stopped process answers nothing, so that the requests are surely under way when the connection drops.
    await server.kill('SIGSTOP');
    const longMs = 60_000;
    const startedAt = performance.now();
    const stored = bus.store({ subject: `${name}.a`, data: bytesOf('x'), timeoutMs: longMs });
    const asked = bus.request({ subject: 'nobody', data: bytesOf('x'), timeoutMs: longMs });
    const outcomes = Promise.allSettled([stored, asked]);
    await server.kill('SIGKILL');
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'disconnected', retryable: true } });
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(() => bus.publish({ subject: 'x', data: bytesOf('x') })).toThrow(/down/);
    await expect(bus.store({ subject: `${name}.a`, data: bytesOf('x'), timeoutMs })).rejects.toMatchObject({
      code: 'disconnected',
    });
    await expect(bus.flush()).rejects.toMatchObject({ code: 'disconnected' });
    await server.restart();
    await eventually(() => told.at(-1) === 'connected', { what: 'the connection to return' });
    expect(told.slice(0, 2)).toEqual(['disconnected', 'connected']);
    leave();
    // A cluster's stream takes nothing before it has elected who leads it.
    const isStored = async () =>
      (await bus.store({ subject: `${name}.b`, data: bytesOf('y'), timeoutMs })).status === 'stored';
    await eventually(isStored, { what: 'the stream to be back', timeoutMs: 20_000 });
  });

  it('is noticed when the server merely freezes', async (context) => {
    if (!server.canKill) return context.skip('this NATS is not ours to kill');
    const told: string[] = [];
    const leave = bus.onConnection((status) => told.push(status));
    await server.kill('SIGSTOP');
    try {
      await eventually(() => told.includes('disconnected'), { what: 'the freeze to be noticed', timeoutMs: 15_000 });
    } finally {
      await server.kill('SIGCONT');
    }
    await eventually(() => told.includes('connected'), { what: 'the connection to return', timeoutMs: 20_000 });
    leave();
  });
});

describe('core', () => {
  it('answers requests, at once with no-responders where nobody listens, and by the deadline where nobody answers', async () => {
    const subject = uniqueName('ask');
    const startedAt = performance.now();
    await expect(bus.request({ subject, data: bytesOf('x'), timeoutMs })).rejects.toMatchObject({
      code: 'no-responders',
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const silent = bus.subscribe({ subject: `${subject}.silent`, onMessage: () => undefined });
    const late = bus.request({ subject: `${subject}.silent`, data: bytesOf('x'), timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    const stop = new AbortController();
    const stopped = bus.request({ subject: `${subject}.silent`, data: bytesOf('x'), timeoutMs, signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    silent.unsubscribe();
    const echo = bus.subscribe({ subject, onMessage: (message) => void message.respond(message.data) });
    expect(textOf((await bus.request({ subject, data: bytesOf('hello'), timeoutMs })).data)).toBe('hello');
    echo.unsubscribe();
  });

  it('answers into inboxes alone: whoever asks may not choose a subject that only we may write to', async () => {
    const [subject, elsewhere] = [uniqueName('ask'), uniqueName('guarded')];
    const got: string[] = [];
    const guarded = bus.subscribe({ subject: elsewhere, onMessage: ({ data }) => void got.push(textOf(data)) });
    const answered: boolean[] = [];
    const echo = bus.subscribe({ subject, onMessage: (message) => void answered.push(message.respond(message.data)) });
    bus.publish({ subject, data: bytesOf('forged'), reply: elsewhere });
    expect(textOf((await bus.request({ subject, data: bytesOf('asked'), timeoutMs })).data)).toBe('asked');
    await bus.flush();
    expect(answered).toEqual([false, true]);
    expect(got).toEqual([]);
    echo.unsubscribe();
    guarded.unsubscribe();
  });

  it('refuses what the server does not permit at once, on both sides', async () => {
    const guarded = await startNats({
      config: `authorization { users: [ { user: srv_x, password: secret, permissions: {
        publish: ["allowed", "$JS.API.>"], subscribe: ["_INBOX_srv_x.>"] } } ] }`,
    });
    try {
      const credentials = { user: 'srv_x', pass: 'secret' };
      const own = await connectBus({ url: guarded.url, principal: 'srv_x', clock: systemClock, credentials });
      const startedAt = performance.now();
      const refused = own.request({ subject: 'forbidden', data: bytesOf('x'), timeoutMs: 30_000 });
      await expect(refused).rejects.toMatchObject({ code: 'not-permitted', retryable: false });
      await expect(own.request({ subject: 'allowed', data: bytesOf('x'), timeoutMs })).rejects.toMatchObject({
        code: 'no-responders',
      });
      await own.close();
      const wrong = { user: 'srv_x', pass: 'wrong' };
      const denied = connectBus({ url: guarded.url, principal: 'srv_x', clock: systemClock, credentials: wrong });
      await expect(denied).rejects.toMatchObject({ code: 'config-invalid' });
      expect(performance.now() - startedAt).toBeLessThan(9_000);
    } finally {
      await guarded.stop();
    }
  });
});

describe('connecting', () => {
  it('is encrypted where the server asks for it, and trusts whom it is told to trust', async () => {
    const guarded = await startNats({
      config: `tls { cert_file: "${golden('server.pem')}", key_file: "${golden('server.key.pem')}" }`,
    });
    const connecting = { url: guarded.url, principal: 'p', clock: systemClock };
    try {
      const ca = readFileSync(golden('server.pem'), 'utf8');
      const trusting = await connectBus({ ...connecting, tls: { ca } });
      await trusting.flush();
      await trusting.close();
      await expect(connectBus({ ...connecting, connectTimeoutMs: 1_000 })).rejects.toThrow(/certificate/);
    } finally {
      await guarded.stop();
    }
  });

  it('takes no secret in an address, and refuses a key that is none', async () => {
    const connecting = { url: server.url, principal: 'p', clock: systemClock };
    const shown = connectBus({ ...connecting, url: 'nats://alice:secret@127.0.0.1:4222' });
    await expect(shown).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.not.stringContaining('secret'),
    });
    for (const credentials of [{ creds: 'no credentials' }, { nkeySeed: 'no seed' }]) {
      const wrong = connectBus({ ...connecting, credentials, connectTimeoutMs: 1_000 });
      await expect(wrong).rejects.toMatchObject({ code: 'config-invalid' });
    }
  });

  it('gives up at its deadline, on its signal, and waits for a server that is still starting', async () => {
    const other = await startNats();
    const { url, port } = other;
    await other.stop();
    const nobody = connectBus({ url, principal: 'p', clock: systemClock, connectTimeoutMs: 500 });
    await expect(nobody).rejects.toMatchObject({ code: 'disconnected', retryable: true });
    const stop = new AbortController();
    const stopped = connectBus({ url, principal: 'p', clock: systemClock, signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    const patient = connectBus({ url, principal: 'p', clock: systemClock, connectTimeoutMs: 30_000 });
    const late = await startNats({ port });
    const connected = await patient;
    expect(connected.server.version).toMatch(/^2\./);
    await connected.close();
    await connected.close();
    expect(() => connected.publish({ subject: 'x', data: bytesOf('x') })).toThrow(/closed/);
    await late.stop();
  });

  it('closes in time while the server is away', async () => {
    const other = await startNats();
    const away = await openBus(other.url, 'away');
    const told = new Promise((resolve) => away.onConnection(resolve));
    await other.stop();
    expect(await told).toBe('disconnected');
    const startedAt = performance.now();
    await away.close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect(away.store({ subject: 'x', data: bytesOf('x'), timeoutMs })).rejects.toMatchObject({ code: 'closed' });
  });

  it('leaves nothing behind when it is closed: neither connection nor consumer nor timer', async () => {
    const name = await freshStream();
    await bus.store({ subject: `${name}.a`, data: bytesOf('x'), timeoutMs });
    await eventually(() => timers() === 0, { what: 'timers of earlier requests to end' });
    const before = sockets();
    const other = await openBus(server.url, 'leaver');
    const run = [{ subject: `${name}.a`, data: bytesOf('y') }];
    expect(await other.storeRun({ messages: run, lastSequence: 1, timeoutMs })).toMatchObject({ status: 'stored' });
    const stop = new AbortController();
    const messages = other.read({ stream: name, fromSequence: 1, signal: stop.signal })[Symbol.asyncIterator]();
    await take(messages, 1);
    stop.abort();
    expect((await messages.next()).done).toBe(true);
    await other.close();
    await eventually(() => sockets() === before && timers() === 0, { what: 'everything to be released' });
    const info = await bus.request({ subject: `$JS.API.CONSUMER.NAMES.${name}`, data: bytesOf(''), timeoutMs });
    expect(JSON.parse(textOf(info.data)).total).toBe(0);
  });
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Timers that keep a process alive, the library's pings of the shared bus and the poll of `eventually` aside. */
function timers(): number {
  return Math.max(0, process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length - 2);
}
