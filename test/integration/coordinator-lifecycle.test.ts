import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { FleetFold } from '../../src/coordinator/fleet-fold.ts';
import { restore } from '../../src/coordinator/snapshots.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import type { Directive } from '../../schemas/directive.ts';
import type { FleetId, GroupId, ServerId } from '../../schemas/ids.ts';
import type { PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import { newFleet, startCoordinator } from '../support/coordinators.ts';
import type { TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { openBus } from '../support/nats-bus.ts';
import { startNats } from '../support/nats-server.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { atOnceForGood } from '../support/rollout-policies.ts';
import { scriptedFleet } from '../support/scripted-fleet.ts';
import type { ScriptedFleet } from '../support/scripted-fleet.ts';

const digest = 'a'.repeat(64);
const production = 'production' as GroupId;
let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let running: TestCoordinator[];
let play: ScriptedFleet;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
});
afterAll(async () => {
  await bus?.close();
  await nats?.stop();
});
beforeEach(async () => {
  fleet = newFleet();
  play = scriptedFleet(bus, fleet);
  running = [await startCoordinator({ url: nats.url, fleet })];
  await eventually(() => running[0]?.coordinator.role === 'leader');
  await eventually(() => play.ask('project.publish', { project: 'hello', version: '1.0.0', digest, bytes: 10 }));
});
afterEach(async () => {
  for (const coordinator of running) await coordinator.stop();
});

/** One server in the pool of `production`, confirmed by a balancer `b1`. */
async function oneServing(): Promise<void> {
  await play.ask('balancer.register', { balancer: 'b1', kind: 'haproxy', groups: 'all' }, 'bal_b1');
  await play.ask('deployment.request', { group: 'Production', project: 'hello', version: '1.0.0' });
  await play.register('s1', 9_001);
  await play.ask('server.join', { server: 's1', group: 'Production' });
  const directive = await eventually(() => play.directive('production', 's1'));
  play.receipt(directive);
  await eventually(async () => (await play.revision('production'))?.size === 1);
}

async function statusOf(server: string): Promise<string | undefined> {
  const answer = await bus.request({
    subject: `muster.${fleet}.query.server`,
    data: Buffer.from(JSON.stringify({ server })),
    timeoutMs: 5_000,
  });
  return JSON.parse(Buffer.from(answer.data).toString()).data?.status;
}

/** The newest event in the feed, if it is of this type. */
async function lastEvent(type: string): Promise<unknown> {
  const stream = streamNames(fleet).feed;
  const { lastSequence } = await bus.streamStatus(stream);
  const message = await bus.get({ stream, sequence: lastSequence }, 'leader', 2_000);
  const event = JSON.parse(Buffer.from(message?.data ?? '{}').toString());
  return event.type === type ? event : undefined;
}

describe('the way in', () => {
  it('tells a joined server what to hold, and puts it into the pool only on its receipt', async () => {
    await play.ask('deployment.request', { group: 'Production', project: 'hello', version: '1.0.0' });
    await play.register('s1', 9_001);
    await play.ask('server.join', { server: 's1', group: 'Production' });
    const directive = await eventually(() => play.directive('production', 's1'));
    expect(directive).toMatchObject({ serving: 'yes', projects: [{ project: 'hello', version: '1.0.0', digest }] });
    expect(await eventually(() => play.assignment('s1').then((a) => a?.group && a))).toMatchObject({
      group: 'production',
    });
    expect(await play.entry('production', 's1')).toBeUndefined();
    play.receipt(directive);
    const entry = await eventually(() => play.entry('production', 's1'));
    expect(entry).toMatchObject({ admin: 'ready', address: { host: '127.0.0.1', port: 9_001 } });
    await eventually(async () => (await play.revision('production'))?.size === 1);
  });

  it('keeps a server out that could not apply everything, with its reason, and lets it in when it could', async () => {
    await play.ask('group.configure', { group: 'Production', policy: { rollout: atOnceForGood } });
    await play.ask('deployment.request', { group: 'Production', project: 'hello', version: '1.0.0' });
    await play.register('s1', 9_001);
    await play.ask('server.join', { server: 's1', group: 'Production' });
    const directive = await eventually(() => play.directive('production', 's1'));
    const failures = [{ project: 'hello', version: '1.0.0', text: 'health check answered 500' }] as never;
    play.receipt(directive, { projects: [], failures });
    await eventually(async () => (await statusOf('s1')) === 'failed');
    expect(await play.entry('production', 's1')).toBeUndefined();
    play.receipt(directive);
    await eventually(async () => (await play.revision('production'))?.size === 1);
  });
});

describe('the way out', () => {
  it('drains the pool, waits for the balancer, then tells the server, then waits for it to be idle', async () => {
    await oneServing();
    const before = await play.directive('production', 's1');
    play.applied('b1', (await play.revision('production')) as never);
    await play.ask('server.leave', { server: 's1' });
    await eventually(async () => (await play.entry('production', 's1'))?.admin === 'drain');
    // The balancer has not confirmed the drain: the server must not have been told.
    await play.beat('s1', before as never);
    expect(await play.directive('production', 's1')).toMatchObject({ serving: 'yes' });
    const drained = await eventually(async () => {
      const revision = await play.revision('production');
      return revision !== undefined && revision.position > (before?.position ?? 0) ? revision : undefined;
    });
    play.applied('b1', drained);
    const draining = await eventually(async () => {
      const directive = await play.directive('production', 's1');
      return directive?.serving === 'draining' ? directive : undefined;
    });
    play.receipt(draining);
    await play.beat('s1', draining, 2);
    expect(await statusOf('s1')).toBe('draining');
    for (let reading = 0; reading < 3; reading += 1) await play.beat('s1', draining, 0);
    await eventually(async () => (await statusOf('s1')) === 'available');
    await eventually(async () => (await play.revision('production'))?.size === 0);
    expect(await eventually(() => play.assignment('s1').then((a) => a?.group === null && a))).toMatchObject({
      group: null,
    });
    await eventually(async () => (await play.directive('production', 's1')) === undefined);
  });

  it('tells balancers that a group is no more, until each of them has heard it', async () => {
    await play.ask('group.create', { group: 'Edge' });
    for (const balancer of ['b1', 'b2']) {
      await play.ask('balancer.register', { balancer, kind: 'haproxy', groups: 'all' }, `bal_${balancer}`);
    }
    const before = (await eventually(() => play.revision('edge'))) as PoolRevision;
    expect(before.deleted).toBeUndefined();
    const { position } = await play.ask('group.delete', { group: 'Edge' });
    const closing = (await eventually(async () => {
      const revision = await play.revision('edge');
      return revision?.deleted === true ? revision : undefined;
    })) as PoolRevision;
    expect(closing.position).toBeGreaterThanOrEqual(position);
    play.applied('b1', closing);
    play.applied('b2', before);
    // Answered after both were heard: one balancer is behind.
    expect(await play.ask('group.create', { group: 'Other' })).toMatchObject({ status: 'accepted' });
    expect(await play.revision('edge')).toMatchObject({ deleted: true });
    play.applied('b2', closing);
    await eventually(async () => (await play.revision('edge')) === undefined, { what: 'it to be cleared' });
  });

  it('waits for three counts of the balancer where the server cannot count', async () => {
    await oneServing();
    const left = await play.ask('server.leave', { server: 's1' });
    const drained = (await eventually(async () => {
      const revision = await play.revision('production');
      return revision !== undefined && revision.position >= left.position ? revision : undefined;
    })) as PoolRevision;
    const count = (inFlight: number) => play.applied('b1', drained, [{ server: 's1' as ServerId, inFlight }]);
    count(1);
    const draining = (await eventually(async () => {
      const directive = await play.directive('production', 's1');
      return directive?.serving === 'draining' ? directive : undefined;
    })) as Directive;
    play.receipt(draining);
    // However often it beats: it has nothing to say.
    for (let beat = 0; beat < 5; beat += 1) await play.beat('s1', draining, null);
    count(0);
    count(0);
    await play.beat('s1', draining, null);
    expect(await statusOf('s1')).toBe('draining');
    count(0);
    await eventually(async () => (await statusOf('s1')) === 'available');
    const gone = await eventually(() => lastEvent('server.left'));
    expect(gone).toMatchObject({ data: { evidence: { inFlight: 0, deadlinePassed: false } } });
  });

  it('cuts a drain off at its deadline, and says which balancer had not confirmed', async () => {
    await play.ask('group.configure', { group: 'Production', policy: { drainTimeoutMs: 300 } });
    await oneServing();
    await play.ask('server.leave', { server: 's1' });
    const left = await eventually(() => lastEvent('server.left'));
    expect(left).toMatchObject({ data: { server: 's1', evidence: { deadlinePassed: true, unconfirmed: ['b1'] } } });
  });

  it('moves a server: out of the one group, then into the other, whose directive comes before the assignment', async () => {
    await play.ask('group.configure', { group: 'Production', policy: { drainTimeoutMs: 0 } });
    await oneServing();
    await play.ask('server.move', { server: 's1', group: 'Development' });
    const directive = await eventually(() => play.directive('development', 's1'));
    expect(directive.projects).toEqual([]);
    await eventually(async () => (await play.assignment('s1'))?.group === 'development');
    await eventually(async () => (await play.directive('production', 's1')) === undefined);
    play.receipt(directive);
    await eventually(async () => (await play.revision('development'))?.size === 1);
  });
});

describe('after a restart', () => {
  it('publishes nothing again that has not changed', async () => {
    await oneServing();
    await eventually(async () => (await play.published()).pools > 0);
    await running.pop()?.stop();
    const before = await play.published();
    running.push(await startCoordinator({ url: nats.url, fleet }));
    await eventually(() => running[0]?.coordinator.role === 'leader');
    await eventually(async () => (await statusOf('s1')) === 'ready');
    // A command through the new leader shows that its first reconciliation is behind it.
    await play.ask('group.create', { group: 'after' });
    await eventually(() => play.revision('after'));
    const after = await play.published();
    expect((await play.entry('production', 's1'))?.term).toBe(1);
    expect((await play.revision('production'))?.term).toBe(1);
    expect(after.pools - before.pools).toBe(1);
  });

  it('reads its snapshot, and the fold from it equals the fold from zero', async () => {
    await oneServing();
    await running.pop()?.stop();
    const names = streamNames(fleet);
    const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock });
    const bucket = bus.objects(names.snapshots);
    const last = await log.lastSequence(5_000);
    const snapshot = await restore({ bucket, log, logger: silentLogger });
    expect(snapshot.cursor.sequence).toBe(last);
    const zero = { cursor: emptyCursor, state: emptyState(), logger: silentLogger, onFolded: () => undefined };
    const fold = new FleetFold(zero);
    await fold.catchUp(log, last, AbortSignal.timeout(5_000));
    expect(snapshot.state).toEqual(fold.state);
    expect(snapshot.cursor.watermark).toEqual(fold.cursor.watermark);
    running.push(await startCoordinator({ url: nats.url, fleet }));
    await eventually(async () => (await statusOf('s1')) === 'ready');
  });

  it('gives back nothing that an operator removed', async () => {
    await play.ask('group.delete', { group: 'Development' });
    await play.ask('deployment.request', { group: 'Production', project: 'hello', version: '1.0.0' });
    await play.ask('deployment.withdraw', { group: 'Production', project: 'hello' });
    await running.pop()?.stop();
    running.push(await startCoordinator({ url: nats.url, fleet }));
    await eventually(() => running[0]?.coordinator.role === 'leader');
    const answer = await bus.request({
      subject: `muster.${fleet}.query.groups`,
      data: Buffer.from('{}'),
      timeoutMs: 5_000,
    });
    const groups = JSON.parse(Buffer.from(answer.data).toString()).data;
    expect(groups).toMatchObject([{ group: 'production', deployments: [] }]);
  });
});

describe('two coordinators', () => {
  it('have one leader; the other follows and takes over when the first hands over', async () => {
    running.push(await startCoordinator({ url: nats.url, fleet }));
    const second = running[1] as TestCoordinator;
    await play.ask('group.create', { group: 'first' });
    await eventually(() => second.coordinator.position === running[0]?.coordinator.position);
    expect(second.coordinator.role).toBe('standby');
    await running.shift()?.stop();
    await eventually(() => second.coordinator.role === 'leader');
    const outcome = await eventually(() => play.ask('group.create', { group: 'second' }));
    expect(outcome).toMatchObject({ status: 'accepted', term: 2 });
  });
});

describe('what is no value of ours, where only ours should stand', () => {
  const garbage: readonly Uint8Array[] = [
    Buffer.from([0xc1, 0xff, 0x00]),
    Buffer.from('hello'),
    Buffer.from(encode({ term: 'high', position: {}, log: 5 })),
    Buffer.from(encode({ log: 'another-log-id', term: 1, position: 1 })),
  ];

  it.each(garbage.map((data, index) => ({ data, index })))(
    'is written over or removed, and nobody stops leading for it: $index',
    async ({ data }) => {
      await oneServing();
      const own = await eventually(async () => {
        const values = await everyValue();
        const desired = decode(values.get(subjects.desired(fleet, production)) ?? encode({})) as {
          projects?: unknown[];
        };
        return desired.projects?.length === 1 ? values : undefined;
      });
      const strange = [
        subjects.poolEntry(fleet, production, 'x9' as ServerId),
        `muster.${fleet}.pool.nowhere.revision`,
      ];
      for (const subject of [...own.keys(), ...strange]) await bus.store({ subject, data, timeoutMs: 5_000 });
      await eventually(async () => (await play.revision('production'))?.size === 1, { what: 'the pool again' });
      const isAsBefore = async () => isDeepStrictEqual(keptOf(await everyValue()), keptOf(own));
      await eventually(isAsBefore, { what: 'every value again, and nothing else of the group' });
      expect(running[0]?.coordinator.role).toBe('leader');

      for (const subject of own.keys()) await bus.store({ subject, data, timeoutMs: 5_000 });
      await running[0]?.stop();
      running = [await startCoordinator({ url: nats.url, fleet })];
      await eventually(isAsBefore, { what: 'every value after a restart' });
      expect(await statusOf('s1')).toBe('ready');
    },
  );

  /** What stands in GROUPS and POOLS, by subject. */
  async function everyValue(): Promise<Map<string, Uint8Array>> {
    const values = new Map<string, Uint8Array>();
    for (const stream of [streamNames(fleet).groups, streamNames(fleet).pools]) {
      let from = 1;
      for (;;) {
        const message = await bus.get({ stream, from, filter: `muster.${fleet}.>` }, 'leader', 5_000);
        if (message === undefined) break;
        if (message.data.length > 0) values.set(message.subject, message.data);
        from = message.sequence + 1;
      }
    }
    return values;
  }

  /** But for statuses, which tell of the moment, for a group nobody ever made, and for when and by whom: what is repaired is as new. */
  function keptOf(values: ReadonlyMap<string, Uint8Array>): unknown {
    const kept = [...values].filter(([subject]) => !/\.(status|nowhere\.revision)$/.test(subject));
    const untermed = kept.map(([subject, data]) => {
      try {
        return [subject, { ...(decode(data) as object), term: 0, position: 0, digest: '' }];
      } catch {
        return [subject, 'what cannot be read'];
      }
    });
    return Object.fromEntries(untermed);
  }
});
