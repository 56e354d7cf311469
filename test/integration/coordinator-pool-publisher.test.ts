/** What stands in POOLS after each change of a group: the pool that follows from the log, whole, for as little as changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FleetId } from '../../schemas/ids.ts';
import { PoolEntry } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { PoolPublisher } from '../../src/coordinator/pool-publisher.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { desiredPool, wholeness } from '../../src/pool-sync/held-pool.ts';
import { readPool } from '../../src/pool-sync/read-pool.ts';
import { poolOf } from '../../src/projections/pool.ts';
import { systemClock } from '../../src/std/clock.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { ensureReached, openBus, uniqueName } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { leadersTerm as term, poolValues } from '../support/pool-values.ts';
import { Fleet, log, production, serverId, staging } from '../unit/projections/given.ts';

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

describe('a pool that is published', () => {
  let fleet: Fleet;
  let name: FleetId;
  let publisher: PoolPublisher;
  const signal = new AbortController().signal;
  const stream = () => streamNames(name).pools;

  beforeEach(async () => {
    fleet = new Fleet();
    name = uniqueName('fleet') as FleetId;
    await ensureReached(bus, streamDefinitions(name, { replicas: natsReplicas() }).pools);
    const pools = poolValues({ bus, stream: stream(), clock: systemClock });
    const { state, observed } = fleet;
    publisher = new PoolPublisher({ fleet: name, group: production, state, observed, pools, term });
    for (const id of ['a', 'b', 'c', 'd']) fleet.register(id);
  });

  const enter = (...ids: string[]) => {
    for (const id of ids) fleet.ready(id, fleet.join(id));
  };

  async function entryAt(subject: string): Promise<PoolEntry> {
    const stored = await bus.get({ stream: stream(), lastOf: subject }, 'leader', storeTimeoutMs);
    return decodeMessage(PoolEntry, stored?.data ?? new Uint8Array(0), 'a pool entry');
  }

  /** Publishes; how many messages that took. What stands then is whole, and what the log says. */
  async function published(): Promise<number> {
    const { lastSequence: before } = await bus.streamStatus(stream());
    await publisher.publish();
    const { lastSequence } = await bus.streamStatus(stream());
    const { entries, revision } = await readPool({ bus, stream: stream(), fleet: name }, production, signal);
    if (revision === undefined) throw new Error('a pool has a revision');
    const wanted = poolOf(fleet.state, production);
    expect(wholeness(entries, revision)).toEqual({ status: 'whole' });
    expect(revision.position).toBe(wanted?.position);
    const { servers } = desiredPool(production, entries);
    const said = wanted?.entries.map(({ server: id, weight, admin }) => ({ server: id, weight, admin }));
    expect(servers.map(({ server: id, weight, admin }) => ({ server: id, weight, admin }))).toEqual(said);
    return lastSequence - before;
  }

  it('costs one entry and its revision for one server that changed, and nothing for none', async () => {
    enter('a', 'b', 'c');
    expect(await published()).toBe(4);
    fleet.tell('server.configured', { server: serverId('b'), labels: {}, weight: 7 });
    expect(await published()).toBe(2);
    enter('d');
    expect(await published()).toBe(2);
    fleet.fail('a', fleet.deploy('orders', '2'));
    expect(await published()).toBe(0);
  });

  it('tells of a server that drains, leaves and comes back', async () => {
    enter('a', 'b');
    await published();
    fleet.leave('a');
    expect(await published()).toBe(2);
    fleet.left('a');
    expect(await published()).toBe(2);
    enter('a');
    expect(await published()).toBe(2);
  });

  it('counts out who has left while others came, though the pool is as large as before', async () => {
    enter('a', 'b');
    await published();
    fleet.leave('a');
    fleet.left('a');
    enter('c');
    fleet.leave('b');
    fleet.left('b', { to: 'group', group: staging });
    enter('d');
    expect(await published()).toBe(5);
  });

  it('passes over what happened and was undone before it was looked at', async () => {
    enter('a', 'b');
    await published();
    fleet.leave('a');
    fleet.left('a');
    enter('a');
    expect(await published()).toBe(2);
  });

  it('writes over what somebody else put there, once that is doubted', async () => {
    enter('a', 'b');
    await published();
    const subject = subjects.poolEntry(name, production, serverId('b'));
    const address = { host: '10.0.0.9', port: 1 };
    const entry = { log, term: 2, position: 1, group: production, server: 'a', address, weight: 1, admin: 'ready' };
    await bus.store({ subject, data: encodeMessage(entry), timeoutMs: storeTimeoutMs });
    fleet.tell('server.configured', { server: serverId('b'), labels: {}, weight: 7 });
    publisher.doubt();
    await published();
  });

  it('counts out a server that somebody else has taken out before us', async () => {
    enter('a', 'b');
    await published();
    const subject = subjects.poolEntry(name, production, serverId('b'));
    const gone = { ...(await entryAt(subject)), term: 2, admin: 'gone' };
    await bus.store({ subject, data: encodeMessage(gone), timeoutMs: storeTimeoutMs });
    fleet.leave('b');
    fleet.left('b');
    publisher.doubt();
    await published();
  });
});
