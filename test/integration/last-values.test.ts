/** What a leader holds of a stream of last values, while the leader before it still writes there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { poolSchemaOf } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { LastValues } from '../../src/coordinator/last-values.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { entryHash } from '../../src/wire/pool-digest.ts';
import { ensureReached, openBus, uniqueName } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

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
    const fleet = uniqueName('fleet') as FleetId;
    const stream = streamNames(fleet).pools;
    await ensureReached(bus, streamDefinitions(fleet, { replicas: natsReplicas() }).pools);
    const stopping = new AbortController();
    const values = new LastValues({
      bus,
      stream,
      clock: systemClock,
      random: Math.random,
      storeTimeoutMs,
      signal: stopping.signal,
      schemaOf: poolSchemaOf,
      term: 2,
      hashOf: entryHash,
      onForeign: () => undefined,
    });
    const subject = subjects.poolEntry(fleet, 'g' as GroupId, 's1' as ServerId);
    const entry = { log: 'log-of-test' as LogId, position: 7, address: '10.0.0.1:80' };
    await bus.store({ subject, data: encodeMessage({ ...entry, term: 1 }), timeoutMs: storeTimeoutMs });

    const stored = values.put(subject, { ...entry, term: 2 });
    const told = values.upcomingHash(subject);
    await stored;

    const stands = await bus.get({ stream, lastOf: subject }, 'leader', storeTimeoutMs);
    expect(entryHash(stands?.data ?? new Uint8Array(0))).toBe(told);
    expect(values.upcomingHash(subject)).toBe(told);
    stopping.abort();
  });
});
