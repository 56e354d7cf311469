/** Headers come from whoever may publish, and no server looks at them: none may end a process that hears or reads them. */
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, BusMessage, StoredMessage } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { Failure } from '../../src/std/failure.ts';
import { eventually } from '../support/eventually.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const stream = 'FOREIGN_HEADERS';
const foreign = ['X Y: a name with a gap', 'Ä: a name that is not ASCII', 'X: a line\nof two'];

let nats: NatsServer;
let bus: Bus;
beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({ url: nats.url, principal: 'coordinator', clock: systemClock });
  await bus.ensureStream({
    name: stream,
    subjects: ['foreign-headers.>'],
    maxMessagesPerSubject: -1,
    discard: 'new',
    denyDelete: false,
    denyPurge: false,
    allowRollup: false,
    maxBytes: 1024 * 1024,
    maxAgeMs: 0,
    maxMessageBytes: -1,
    replicas: 1,
  });
});
afterAll(async () => {
  await bus?.close();
  await nats?.stop();
});

/** As no library would: the bytes of the protocol. */
async function publishRaw(subject: string, header: string, body: string): Promise<void> {
  const socket = connectTcp(nats.port, '127.0.0.1');
  await once(socket, 'data');
  const head = Buffer.from(`NATS/1.0\r\n${header}\r\n\r\n`);
  const publish = `HPUB ${subject} ${head.length} ${head.length + body.length}\r\n`;
  socket.write(
    Buffer.concat([Buffer.from('CONNECT {"headers":true,"verbose":false}\r\n'), Buffer.from(publish), head]),
  );
  socket.write(`${body}\r\nPING\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

describe('a header that is none', () => {
  it.each(foreign)('leaves a message heard as it is: %j', async (header) => {
    const heard: BusMessage[] = [];
    const subscription = bus.subscribe({ subject: 'beat', onMessage: (message) => heard.push(message) });
    await bus.flush();
    // Of a cluster another member may be told of the subscription later.
    const isHeard = async () => {
      await publishRaw('beat', header, 'body');
      return heard.length > 0;
    };
    await eventually(isHeard, { what: 'the message' });
    expect([Buffer.from(heard[0]?.data ?? []).toString(), heard[0]?.contentType]).toEqual(['body', undefined]);
    subscription.unsubscribe();
  });

  it.each(foreign)('leaves a message read as it is: %j', async (header) => {
    await publishRaw(`foreign-headers.${foreign.indexOf(header)}`, header, 'body');
    const fromSequence = (await bus.streamStatus(stream)).lastSequence;
    let read: StoredMessage | undefined;
    for await (const message of bus.read({ stream, fromSequence, signal: new AbortController().signal })) {
      read = message;
      break;
    }
    expect([Buffer.from(read?.data ?? []).toString(), read?.contentType]).toEqual(['body', undefined]);
    // A direct get answers in headers: what cannot be told apart from these is a failure, and no bug.
    const lastOf = `foreign-headers.${foreign.indexOf(header)}`;
    await expect(bus.get({ stream, lastOf }, 'any', 5_000)).rejects.toBeInstanceOf(Failure);
    const held = await bus.get({ stream, lastOf }, 'leader', 5_000);
    expect([Buffer.from(held?.data ?? []).toString(), held?.contentType]).toEqual(['body', undefined]);
  });
});
