/** A leader frozen in mid-append while another takes over: when it wakes up, nothing of it may land any more. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { freezeLeader } from '../support/frozen-leader.ts';
import { ensureReached, openBus, testStream, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { positionsOf, upTo, walk } from '../unit/eventlog-fixtures.ts';
import { readAll } from './eventlog-leader.ts';

const rounds = 6;
/** Whoever leads appends without pause: how much that comes to by the last round is the machine's to say. */
const maxBytes = 1024 ** 3;
/** Longer than the leader's append time-out in every other round: it then wakes up not knowing what became of it. */
const frozenMs = (round: number) => (round % 2 === 0 ? 50 : 600);

let server: NatsServer;
let bus: Bus;
let port: LogPort;
let stream: string;

beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url);
  stream = uniqueName('log');
  const subject = `${stream}.records`;
  await ensureReached(bus, testStream(stream, { subjects: [subject], denyDelete: true, denyPurge: true, maxBytes }));
  port = jetstreamLog({ bus, stream, subject, clock: systemClock });
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

describe('a leader frozen in mid-append', () => {
  it(`lands nothing after another has taken over, ${rounds} rounds of ${rounds}`, async () => {
    for (let round = 0; round < rounds; round++) {
      const { old, next } = await freezeLeader({
        url: server.url,
        stream,
        port,
        round,
        frozenMs: frozenMs(round),
      });
      expect(next).toMatchObject({ ended: 'closed' });
      expect(old).toMatchObject({ ended: 'not-leader' });
      expect(next.term).toBeGreaterThan(old.term);
      const log = walk(await readAll(port));
      expect(log.broken).toBeUndefined();
      expect(log.voidSequences).toEqual([]);
      expect(positionsOf(log.records)).toEqual(upTo(log.cursor.position));
      for (const { instance, durable } of [old, next]) {
        const holder = log.records.find(({ first, events }) => first <= durable && durable < first + events.length);
        expect(holder?.writer).toBe(instance);
      }
      const from = log.records.findIndex(({ term }) => term >= next.term);
      expect(log.records.slice(from).filter(({ writer }) => writer === old.instance)).toEqual([]);
    }
  });
});
