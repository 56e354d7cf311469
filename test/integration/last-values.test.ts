/** What a leader holds of a stream of last values, while the leader before it still writes there. */
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { entryHash } from '../../src/wire/pool-digest.ts';
import { but } from '../support/but.ts';
import { ensureReached, openBus, uniqueName } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { poolValues } from '../support/pool-values.ts';
import { ManualClock } from '../unit/client/fake-bus.ts';

const storeTimeoutMs = 5_000;

let server: NatsServer;
let bus: Bus;

beforeAll(async () => {
  server = await startNats();
  bus = await openBus(server.url, 'coordinator');
});
afterAll(async () => {
  await bus?.close();
  await server?.stop();
});

describe('last values', () => {
  it('are stored with the hash that was told of them, though an older leader put the same value meanwhile', async () => {
    const { stream, subject, stopping, values } = await held();
    await bus.store({ subject, data: encodeMessage({ ...entry, term: 1 }), timeoutMs: storeTimeoutMs });

    const stored = values.put(subject, { ...entry, term: 2 });
    const told = values.upcomingHash(subject);
    await stored;

    const stands = await bus.get({ stream, lastOf: subject }, 'leader', storeTimeoutMs);
    expect(entryHash(stands?.data ?? new Uint8Array(0))).toBe(told);
    expect(values.upcomingHash(subject)).toBe(told);
    stopping.abort();
  });

  it('are not waited for without end, where the last was removed between the look at the stream and its delivery', async () => {
    const clock = new ManualClock();
    const { stream, subject, stopping, values } = await held({
      clock,
      bus: but(bus, {
        async streamStatus(name) {
          const status = await bus.streamStatus(name);
          await bus.purge({ stream: name, belowSequence: status.lastSequence + 1 });
          return status;
        },
      }),
    });
    await bus.store({ subject, data: encodeMessage({ ...entry, term: 1 }), timeoutMs: storeTimeoutMs });
    await expect(whileTimePasses(clock, values.load())).rejects.toMatchObject({ code: 'timeout', retryable: true });
    expect((await bus.streamStatus(stream)).messages).toBe(0);
    stopping.abort();
  });

  it('are missing at once where the stream ends before them: what is stored next would fill their places', async () => {
    const ends: number[] = [];
    const { subject, stopping, values } = await held({
      bus: but(bus, {
        async streamStatus(name) {
          const status = await bus.streamStatus(name);
          return { ...status, lastSequence: ends.shift() ?? status.lastSequence };
        },
      }),
    });
    await values.put(subject, { ...entry, term: 2 });
    expect(await values.missing()).toBeUndefined();
    ends.push(0);
    expect(await values.missing()).toMatchObject({ code: 'unavailable' });
    stopping.abort();
  });
});

const entry = { log: 'log-of-test' as LogId, position: 7, address: '10.0.0.1:80' };

/** Time goes on whenever somebody waits for it, until the work has ended. */
async function whileTimePasses<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  work.then(end, end);
  while (!isOver) {
    if (clock.timers > 0) await clock.advance(1_000);
    else await setImmediate();
  }
  return work;
}

/** Values of a stream of their own, and one subject in it. */
async function held(changes: { readonly bus?: Bus; readonly clock?: Clock } = {}) {
  const fleet = uniqueName('fleet') as FleetId;
  const stream = streamNames(fleet).pools;
  await ensureReached(bus, streamDefinitions(fleet, { replicas: natsReplicas() }).pools);
  const stopping = new AbortController();
  const { signal } = stopping;
  const values = poolValues({ bus, stream, clock: systemClock, storeTimeoutMs, signal, term: 2, ...changes });
  return { stream, subject: subjects.poolEntry(fleet, 'g' as GroupId, 's1' as ServerId), stopping, values };
}
