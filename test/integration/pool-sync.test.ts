/** Pool sync against a real NATS server and a real HAProxy; the test plays the coordinator by publishing pools. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Applied } from '../../schemas/receipt.ts';
import type { PoolEntry, PoolRevision } from '../../schemas/pool.ts';
import type { BalancerId, FleetId, GroupId, LogId, ServerId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { runBalancer, type RunningBalancer } from '../../services/balancer/run.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { addDigests } from '../../src/wire/pool-digest.ts';
import { freeBasePort } from '../support/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { createHaproxyRig, type HaproxyRig } from '../support/haproxy-rig.ts';
import { type HttpBackend, startHttpBackend } from '../support/http-backend.ts';
import { ensureReached, openBus, uniqueName } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { natsReplicas } from '../support/nats-choice.ts';

const balancer = 'haproxy1' as BalancerId;
const group = 'production' as GroupId;
const firstLog = 'log-one-of-test' as LogId;
const otherLog = 'log-two-of-test' as LogId;
/** Long enough for a re-read by hint and by the slow look, short enough for a test. */
const stillnessMs = 1_500;

describe('pool sync', () => {
  let nats: NatsServer;
  let rig: HaproxyRig;
  let bus: Bus;
  let fleet: FleetId;
  let s1: HttpBackend;
  let s2: HttpBackend;
  let running: RunningBalancer | undefined;
  let receipts: Applied[];
  /** When the last one came. */
  let heardAt = 0;
  /** What the fleet answers to a registration. */
  let log: LogId;

  beforeEach(async () => {
    nats = await startNats();
    rig = await createHaproxyRig();
    [s1, s2] = [await startHttpBackend('s1'), await startHttpBackend('s2')];
    fleet = uniqueName('f') as FleetId;
    log = firstLog;
    await playCoordinator();
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await bus.close();
    await s1.stop();
    await s2.stop();
    await rig.cleanUp();
    await nats.stop();
  });

  async function playCoordinator(): Promise<void> {
    bus = await openBus(nats.url, 'coordinator');
    await ensureReached(bus, streamDefinitions(fleet, { replicas: natsReplicas() }).pools);
    receipts = [];
    bus.subscribe({
      subject: subjects.allApplied(fleet),
      onMessage: ({ data }) => {
        heardAt = performance.now();
        receipts.push(decodeMessage(Applied, data, 'a receipt'));
      },
    });
    bus.subscribe({
      subject: `muster.${fleet}.do.bal_${balancer}.balancer.register`,
      onMessage: (message) => {
        const head = { log, term: 1, position: 1, id: 'register', repeated: false, safeToRepeat: true };
        const rejection = { code: 'unchanged', message: 'registered already' };
        message.respond(encodeMessage({ ...head, status: 'rejected', rejection }));
      },
    });
  }

  async function start(): Promise<void> {
    running = await runBalancer({
      name: balancer,
      natsUrl: nats.url,
      fleet,
      dataDirectory: rig.dataDirectory,
      basePort: freeBasePort(),
    });
  }

  function entry(backend: HttpBackend, fields: Partial<PoolEntry> = {}): PoolEntry {
    const { name, address } = backend;
    const stamp = { log, term: 1, position: 1 };
    return { ...stamp, group, server: name, address, weight: 100, admin: 'ready', ...fields } as PoolEntry;
  }

  async function publishEntries(entries: PoolEntry[]): Promise<void> {
    for (const value of entries) {
      const subject = subjects.poolEntry(fleet, group, value.server);
      await bus.store({ subject, data: encodeMessage(value), timeoutMs: 5_000 });
    }
  }

  async function publishRevision(entries: PoolEntry[], stamp: Partial<PoolRevision> = {}): Promise<void> {
    const counted = entries.filter(({ admin }) => admin !== 'gone').map((value) => encodeMessage(value));
    const closed = { log, term: 1, position: 1, group, size: counted.length, digest: addDigests(counted), ...stamp };
    await bus.store({ subject: subjects.poolRevision(fleet, group), data: encodeMessage(closed), timeoutMs: 5_000 });
  }

  async function publish(entries: PoolEntry[], stamp: Partial<PoolRevision> = {}): Promise<void> {
    await publishEntries(entries);
    await publishRevision(entries, stamp);
  }

  async function receipt(position: number, more: (receipt: Applied) => boolean = () => true): Promise<Applied> {
    const what = `a receipt for position ${position}`;
    const find = () => receipts.findLast((held) => held.position === position && more(held));
    const found = await eventually(find, { what });
    if (found === undefined) throw new Error('a condition that holds is not undefined');
    return found;
  }

  async function servers(url: string | undefined): Promise<string[]> {
    if (url === undefined) throw new Error('the receipt names no listen URL');
    const answers = new Set<string>();
    for (let at = 0; at < 6; at += 1) {
      answers.add(await (await fetch(url, { headers: { connection: 'close' } })).text());
    }
    return [...answers].sort();
  }

  /** Receipts go on for a while and none of them fits. */
  async function stays(held: (receipt: Applied) => boolean): Promise<void> {
    const from = receipts.length;
    const until = performance.now() + stillnessMs;
    await eventually(() => performance.now() > until && receipts.length > from);
    expect(receipts.slice(from).filter((one) => !held(one))).toEqual([]);
  }

  it('applies a pool that was published before it started, and one published after', async () => {
    await publish([entry(s1)]);
    await start();
    const first = await receipt(1);
    expect(first).toMatchObject({ balancer, group, servers: 1, log });
    expect(await servers(first.listen)).toEqual(['s1']);
    await publish([entry(s1), entry(s2, { position: 2 })], { position: 2 });
    expect(await servers((await receipt(2)).listen)).toEqual(['s1', 's2']);
  });

  it('is not held up by what is no pool beside those that are', async () => {
    const data = Buffer.from('no pool');
    await bus.store({ subject: `muster.${fleet}.pool.nowhere.revision`, data, timeoutMs: 5_000 });
    await publish([entry(s1)]);
    await start();
    expect(await servers((await receipt(1)).listen)).toEqual(['s1']);
  });

  it('gives a group created later a frontend of its own', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    const edge = 'edge' as GroupId;
    const value = { ...entry(s2), group: edge };
    await bus.store({
      subject: subjects.poolEntry(fleet, edge, value.server),
      data: encodeMessage(value),
      timeoutMs: 5_000,
    });
    const closed = { log, term: 1, position: 7, group: edge, size: 1, digest: addDigests([encodeMessage(value)]) };
    await bus.store({ subject: subjects.poolRevision(fleet, edge), data: encodeMessage(closed), timeoutMs: 5_000 });
    expect(await servers((await receipt(7)).listen)).toEqual(['s2']);
  });

  it('takes out a group that is no more, and takes it in again when it is created anew', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    expect(await servers(listen)).toEqual(['s1']);
    await publish([entry(s1, { admin: 'gone', position: 2 })], { position: 2 });
    await receipt(2);
    await publishRevision([], { position: 3, deleted: true });
    expect((await receipt(3)).listen).toBeUndefined();
    await expect(fetch(listen ?? '')).rejects.toThrow();
    expect(readdirSync(join(rig.dataDirectory, 'pools'))).toEqual([]);
    await publish([entry(s2, { position: 4 })], { position: 4 });
    expect(await servers((await receipt(4)).listen)).toEqual(['s2']);
  });

  it('says nothing more of a group that is no more, once NATS holds no word of it', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    await publish([entry(s1, { admin: 'gone', position: 2 })], { position: 2 });
    await publishRevision([], { position: 3, deleted: true });
    await receipt(3);
    const { pools: stream } = streamNames(fleet);
    for (const filter of [subjects.poolRevision(fleet, group), subjects.poolEntry(fleet, group, 's1' as ServerId)]) {
      await bus.purge({ stream, belowSequence: 1_000, filter });
    }
    await eventually(() => performance.now() - heardAt > stillnessMs, { what: 'its receipts to end' });
    await publish([entry(s2, { position: 4 })], { position: 4 });
    expect(await servers((await receipt(4)).listen)).toEqual(['s2']);
  });

  it('writes its pool down though the disk took it only later', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    const beside = join(rig.dataDirectory, 'pools', `${group}.json.new`);
    mkdirSync(beside);
    await publish([entry(s1), entry(s2, { position: 2 })], { position: 2 });
    expect(await servers((await receipt(2, ({ error }) => error !== undefined)).listen)).toEqual(['s1', 's2']);
    rmdirSync(beside);
    await receipt(2, ({ error }) => error === undefined);
    const file = readFileSync(join(rig.dataDirectory, 'pools', `${group}.json`), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ position: 2, servers: [{ server: 's1' }, { server: 's2' }] });
  });

  it('begins without the servers of a group that was deleted while it was away, and takes that out', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await running?.stop();
    const before = s1.served();
    await publish([entry(s1, { admin: 'gone', position: 2 })], { position: 2 });
    await publishRevision([], { position: 3, deleted: true });
    await start();
    await receipt(3);
    await expect(fetch(listen ?? '')).rejects.toThrow();
    expect(s1.served()).toBe(before);
  });

  it('tells what is in flight on a draining server', async () => {
    await publish([entry(s1), entry(s2)]);
    await start();
    const { listen } = await receipt(1);
    const held = [fetch(`${listen}/hold`), fetch(`${listen}/hold`)];
    await eventually(() => s1.inFlight() === 1 && s2.inFlight() === 1);
    await publish([entry(s1, { position: 2, admin: 'drain' }), entry(s2)], { position: 2 });
    expect((await receipt(2)).inFlight).toEqual([{ server: 's1', inFlight: 1 }]);
    s1.release();
    s2.release();
    await Promise.all(held.map(async (answer) => (await answer).text()));
    await receipt(2, ({ inFlight }) => inFlight[0]?.inFlight === 0);
  });

  it('never applies a half-published revision, says why, and applies it once it is whole', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    const next = [entry(s1), entry(s2, { position: 2 })];
    await publishRevision(next, { position: 2 });
    const told = await receipt(1, ({ error }) => error !== undefined);
    expect(told.error).toMatch(/1 entries where the revision closed 2/);
    expect(await servers(listen)).toEqual(['s1']);
    await publishEntries(next);
    expect((await receipt(2)).error).toBeUndefined();
    expect(await servers(listen)).toEqual(['s1', 's2']);
  });

  it('takes entries without a revision for no instruction', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    await publishEntries([entry(s1, { position: 2, admin: 'gone' })]);
    await stays(({ position, servers: count }) => position === 1 && count === 1);
  });

  it('refuses a revision of an older term, also one with a higher position', async () => {
    await publish([entry(s1, { term: 5 })], { term: 5 });
    await start();
    await receipt(1);
    await publish([entry(s2, { term: 4, position: 9 })], { term: 4, position: 9 });
    await stays(({ term, servers: count }) => term === 5 && count === 1);
  });

  it('refuses a pool of another log until the fleet names that log as its own', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await publish([entry(s1, { log: otherLog, admin: 'gone' }), entry(s2, { log: otherLog })], { log: otherLog });
    await receipt(1, ({ error }) => error?.includes(otherLog) === true);
    expect(await servers(listen)).toEqual(['s1']);
    await running?.stop();
    log = otherLog;
    await start();
    const taken = await receipt(1, (held) => held.log === otherLog);
    expect(await servers(taken.listen)).toEqual(['s2']);
  });

  it('serves its last pool from disk after a restart with NATS down, and goes on once NATS is back', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await running?.stop();
    await nats.kill('SIGKILL');
    await start();
    expect(await servers(listen)).toEqual(['s1']);
    await bus.close();
    await nats.restart();
    await playCoordinator();
    await publish([entry(s1), entry(s2, { position: 2 })], { position: 2 });
    expect(await servers((await receipt(2)).listen)).toEqual(['s1', 's2']);
  });

  it('begins with the newer pool that NATS has, not with the one on its disk', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await running?.stop();
    await publish([entry(s1, { position: 2, admin: 'gone' }), entry(s2, { position: 2 })], { position: 2 });
    const before = s1.served();
    await start();
    expect(await servers(listen)).toEqual(['s2']);
    expect(s1.served()).toBe(before);
  });

  it('does not let an emptied stream empty its pool', async () => {
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await running?.stop();
    await bus.purge({
      stream: streamDefinitions(fleet, { replicas: natsReplicas() }).pools.name,
      belowSequence: 1_000,
    });
    await start();
    await receipt(1);
    await stays(({ servers: count }) => count === 1);
    expect(await servers(listen)).toEqual(['s1']);
  });

  it('asserts the pool again when HAProxy was killed', async () => {
    await publish([entry(s1), entry(s2, { admin: 'drain' })]);
    await start();
    const { listen } = await receipt(1);
    for (const pid of await rig.pidsIn('haproxy')) process.kill(pid, 'SIGKILL');
    const answers = await eventually(() => servers(listen), { what: 'HAProxy to be back' });
    expect(answers).toEqual(['s1']);
    const from = receipts.length;
    await eventually(() => receipts.slice(from).some((held) => held.servers === 2 && held.error === undefined));
  });

  it('says what is wrong no longer than it is, also of a pool it has from its disk alone', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    await running?.stop();
    const { name: stream } = streamDefinitions(fleet, { replicas: natsReplicas() }).pools;
    await bus.purge({ stream, belowSequence: 1_000 });
    await start();
    await receipt(1);
    const killed = async () => {
      for (const pid of await rig.pidsIn('haproxy')) process.kill(pid, 'SIGKILL');
      return receipts.some(({ error }) => error !== undefined);
    };
    await eventually(killed, { what: 'an error' });
    const from = receipts.length;
    await eventually(() => receipts.slice(from).some(({ error }) => error === undefined), { what: 'no error' });
  });

  it('catches up with what was published while it was cut off from NATS', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    await publish([entry(s1)]);
    await start();
    const { listen } = await receipt(1);
    await nats.kill('SIGKILL');
    await bus.close();
    expect(await servers(listen)).toEqual(['s1']);
    await nats.restart();
    await playCoordinator();
    await publish([entry(s1), entry(s2, { position: 2 })], { position: 2 });
    expect(await servers((await receipt(2)).listen)).toEqual(['s1', 's2']);
  });

  it('keeps the last good pool on disk, whole', async () => {
    await publish([entry(s1)]);
    await start();
    await receipt(1);
    const disk = JSON.parse(readFileSync(join(rig.dataDirectory, 'pools', `${group}.json`), 'utf8'));
    expect(disk).toMatchObject({ log, term: 1, position: 1, group, servers: [{ server: 's1' }] });
  });
});
