import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, StoredMessage } from '../../src/nats/bus.ts';
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

async function filled(count: number, sizeBytes = 0) {
  const name = uniqueName('R');
  await ensureReached(bus, testStream(name, { maxBytes: 256 * 1024 * 1024 }));
  await fill(name, { from: 0, count, sizeBytes });
  return name;
}

async function fill(name: string, { from, count, sizeBytes = 0 }: { from: number; count: number; sizeBytes?: number }) {
  const acks = Array.from({ length: count }, (_, i) => {
    const data = sizeBytes > 0 ? new Uint8Array(sizeBytes) : bytesOf(`${from + i}`);
    return bus.store({ subject: `${name}.${(from + i) % 2 === 0 ? 'even' : 'odd'}`, data, timeoutMs });
  });
  await Promise.all(acks);
}

function reader(options: { stream: string; fromSequence: number; filter?: string }, via: Bus = bus) {
  const stop = new AbortController();
  const messages = via.read({ ...options, signal: stop.signal })[Symbol.asyncIterator]();
  return { messages, stop };
}

const sequences = (messages: readonly StoredMessage[]) => messages.map((message) => message.sequence);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('read', () => {
  it('delivers from the asked sequence on, counts down what is waiting, and goes on with what comes later', async () => {
    const stream = await filled(50);
    const { messages, stop } = reader({ stream, fromSequence: 11 });
    const first = await take(messages, 40);
    expect(sequences(first)).toEqual(range(11, 50));
    expect(first.map((message) => message.pending)).toEqual(range(0, 39).reverse());
    expect(textOf(first[0]?.data ?? new Uint8Array())).toBe('10');
    expect(Math.abs((first[0]?.storedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    await fill(stream, { from: 50, count: 5 });
    expect(sequences(await take(messages, 5))).toEqual(range(51, 55));
    stop.abort();
    expect((await messages.next()).done).toBe(true);
  });

  it('ends cleanly while it waits, and before it began', async () => {
    const stream = await filled(1);
    const { messages, stop } = reader({ stream, fromSequence: 2 });
    const waiting = messages.next();
    stop.abort();
    expect((await waiting).done).toBe(true);
    const early = new AbortController();
    early.abort();
    for await (const _ of bus.read({ stream, fromSequence: 1, signal: early.signal })) expect.unreachable();
  });

  it('filters by subject, starts at the first message of a purged stream, and waits where it is ahead of the end', async () => {
    const stream = await filled(20);
    await bus.purge({ stream, belowSequence: 6 });
    const purged = reader({ stream, fromSequence: 1 });
    expect(sequences(await take(purged.messages, 2))).toEqual([6, 7]);
    purged.stop.abort();
    const odd = reader({ stream, fromSequence: 1, filter: `${stream}.odd` });
    expect(sequences(await take(odd.messages, 3))).toEqual([6, 8, 10]);
    odd.stop.abort();
    const ahead = reader({ stream, fromSequence: 23 });
    const next = take(ahead.messages, 1);
    await fill(stream, { from: 20, count: 3 });
    expect(sequences(await next)).toEqual([23]);
    ahead.stop.abort();
    await bus.purge({ stream, belowSequence: 1 });
    expect((await bus.streamStatus(stream)).firstSequence).toBe(6);
  });

  it('reads more than it may ask for at once, in messages and in bytes, also when the reader is slow to begin', async () => {
    const many = await filled(25_000);
    const first = reader({ stream: many, fromSequence: 1 });
    await take(first.messages, 1);
    expect(sequences(await take(first.messages, 24_999))).toEqual(range(2, 25_000));
    first.stop.abort();
    const large = await filled(60, 900_000);
    const second = reader({ stream: large, fromSequence: 1 });
    expect(sequences(await take(second.messages, 60))).toEqual(range(1, 60));
    second.stop.abort();
  });

  it('pulls no further than its bounds while nobody reads on, and all of it once somebody does', async () => {
    const stream = await filled(100, 900_000);
    const { messages, stop } = reader({ stream, fromSequence: 1 });
    await take(messages, 1);
    const info = await eventually(
      async () => {
        const answer = await bus.request({ subject: `$JS.API.CONSUMER.LIST.${stream}`, data: bytesOf(''), timeoutMs });
        const [consumer] = JSON.parse(textOf(answer.data)).consumers;
        return consumer?.num_waiting === 0 && consumer.delivered.stream_seq > 1 ? consumer : undefined;
      },
      { what: 'the reader to stop pulling' },
    );
    expect(info.delivered.stream_seq).toBeLessThan(70);
    expect(sequences(await take(messages, 99))).toEqual(range(2, 100));
    stop.abort();
  });

  it('heals after the server was killed and restarted, without a gap or a repeat', async (context) => {
    if (!server.canKill) return context.skip('this NATS is not ours to kill');
    const stream = await filled(100);
    const { messages, stop } = reader({ stream, fromSequence: 1 });
    const seen = sequences(await take(messages, 60));
    const rest = take(messages, 340);
    for (const from of [100, 200, 300]) {
      await server.restart();
      await eventually(() => bus.streamStatus(stream).catch(() => false), { what: 'the stream to be back' });
      await fill(stream, { from, count: 100 });
    }
    seen.push(...sequences(await rest));
    expect(seen).toEqual(range(1, 400));
    stop.abort();
    expect((await messages.next()).done).toBe(true);
  });

  it('heals when its consumer is removed under it, though the connection stays', async () => {
    const stream = await filled(3);
    const { messages, stop } = reader({ stream, fromSequence: 1 });
    await take(messages, 3);
    const answer = await bus.request({ subject: `$JS.API.CONSUMER.NAMES.${stream}`, data: bytesOf(''), timeoutMs });
    const [consumer] = JSON.parse(textOf(answer.data)).consumers;
    await bus.request({ subject: `$JS.API.CONSUMER.DELETE.${stream}.${consumer}`, data: bytesOf(''), timeoutMs });
    await fill(stream, { from: 3, count: 2 });
    expect(sequences(await take(messages, 2))).toEqual([4, 5]);
    stop.abort();
  });

  it('fails where the stream is missing, and where the bus is closed under it', async () => {
    const missing = reader({ stream: uniqueName('none'), fromSequence: 1 });
    await expect(missing.messages.next()).rejects.toMatchObject({ code: 'stream-mismatch' });
    const stream = await filled(1);
    const other = await connectBus({ url: server.url, principal: 'other', clock: systemClock });
    const { messages } = reader({ stream, fromSequence: 1 }, other);
    await take(messages, 1);
    const waiting = messages.next();
    waiting.catch(() => undefined);
    await other.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  });
});
