/** The audit of a running fleet: its own log and snapshots on a real server, its own coordinator asked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AsOfOptions, positionAt, queryAt, stateAt } from '../../src/audit/as-of.ts';
import { type CoordinatorAnswer, comparedQueries } from '../../src/audit/coordinator-check.ts';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import { verify } from '../../src/audit/verify.ts';
import { createMuster } from '../../src/client/muster.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { generateSigningKey } from '../../src/proof/keys.ts';
import { freezeState } from '../../src/snapshots/frozen-state.ts';
import { readSnapshot } from '../../src/snapshots/shelf.ts';
import { encodeSnapshot } from '../../src/snapshots/snapshot.ts';
import { systemClock } from '../../src/std/clock.ts';
import { type GroupName, Principal } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { scratchFolder } from '../support/export-tampering.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { type ScriptedFleet, scriptedFleet } from '../support/scripted-fleet.ts';

const fleet = newFleet();
const names = streamNames(fleet);
const signal = new AbortController().signal;
let nats: NatsServer;
let bus: Bus;
let running: TestCoordinator;
let play: ScriptedFleet;
let live: NonNullable<AsOfOptions['live']>;
let options: AsOfOptions;

beforeAll(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'alice');
  play = scriptedFleet(bus, fleet);
  const timing = { snapshotEvery: 5, housekeepingMs: 50 };
  running = await startCoordinator({ url: nats.url, fleet, timing });
  await eventually(() => running.coordinator.role === 'leader');
  for (let number = 0; number < 10; number += 1) await play.register(`s${number}`, 9_000 + number);
  await eventually(async () => (await bus.objects(names.snapshots).list()).length > 0);
  for (let number = 0; number < 5; number += 1) {
    await play.ask('server.join', { server: `s${number}`, group: number % 2 === 0 ? 'Production' : 'Development' });
  }
  const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock });
  live = { log, bucket: bus.objects(names.snapshots) };
  options = { source: liveSource(log, names.log), live, signal };
}, 60_000);
afterAll(async () => {
  await running?.stop();
  await bus?.close();
  await nats?.stop();
});

async function coordinatorAnswers(): Promise<CoordinatorAnswer[]> {
  const principal = Principal.parse('alice');
  const muster = createMuster({ bus, fleet, principal, clock: systemClock, random: Math.random });
  const answers: CoordinatorAnswer[] = [];
  for (const name of comparedQueries) {
    const answer = await muster.query(name, {});
    if (answer.status === 'ok')
      answers.push({ name, position: answer.position, data: answer.data } as CoordinatorAnswer);
  }
  await muster.close();
  return answers;
}

describe('the log of a running fleet', () => {
  it('is whole, and snapshots and coordinator hold what a fold from zero gives', async () => {
    const answers = await coordinatorAnswers();
    const verdict = await verify(options.source, { snapshots: live.bucket, answers, signal });
    expect(verdict).toMatchObject({ status: 'whole', proven: null, voids: [] });
    expect(verdict.last).toBeGreaterThanOrEqual(running.coordinator.position);
    expect(verdict.snapshots?.equal).toBeGreaterThan(0);
    expect(verdict.snapshots).toMatchObject({ strange: [], unread: [] });
    expect(verdict.coordinator).toEqual({ equal: comparedQueries.length, ahead: 0 });
  });

  it('shows a coordinator that holds something else', async () => {
    const answers = await coordinatorAnswers();
    const wrong = answers.map((answer) =>
      answer.name === 'servers' ? { ...answer, data: answer.data.map((one) => ({ ...one, weight: 7 })) } : answer,
    );
    const { finding } = await verify(options.source, { answers: wrong, signal });
    expect(finding).toMatchObject({ flaw: 'coordinator', reason: expect.stringContaining('servers') });
  });

  it('shows a snapshot that holds something else', async () => {
    const [object] = await live.bucket.list();
    const name = object?.name ?? '';
    const restored = await readSnapshot(live.bucket, name);
    const forged = encodeSnapshot({ ...restored, state: { ...restored.state, at: restored.state.at + 1 } });
    const bucket = {
      list: () => live.bucket.list(),
      get: async (asked: string, bounds: { maxBytes: number; timeoutMs: number }) =>
        asked === name ? forged : live.bucket.get(asked, bounds),
    };
    const { finding } = await verify(options.source, { snapshots: bucket, signal });
    expect(finding).toMatchObject({ flaw: 'snapshot', position: restored.cursor.position });
  });

  it('is exported, and proven from the file as from the stream', async () => {
    const folder = await scratchFolder();
    const key = generateSigningKey();
    const path = folder.path('fleet.ndjson.gz');
    const manifest = await exportLog(options.source, { path, fleet, key, clock: systemClock, signal });
    const verdict = await verify(exportFile(path), { key: key.publicKey, signal });
    expect(verdict).toMatchObject({ status: 'whole', proven: { by: 'manifest', through: manifest.last } });
    const fromFile = await replay(exportFile(path), { signal });
    const fromStream = await replay(options.source, { to: manifest.last, signal });
    expect(freezeState(fromFile.state)).toEqual(freezeState(fromStream.state));
    await folder.remove();
  });
});

describe('the fleet as it was', () => {
  it('is from a snapshot what it is from zero, at every position', async () => {
    const last = (await replay(options.source, { signal })).position;
    for (let position = 1; position <= last; position += 1) {
      const near = await stateAt(options, { position });
      const zero = await replay(options.source, { to: position, signal });
      expect(near.position).toBe(position);
      expect(freezeState(near.state)).toEqual(freezeState(zero.state));
    }
  });

  it('reads no record below the snapshot it begins from', async () => {
    const last = (await replay(options.source, { signal })).position;
    let lowest = Number.POSITIVE_INFINITY;
    const source: AsOfOptions['source'] = {
      name: 'watched',
      read: (asked) => {
        lowest = Math.min(lowest, asked.fromSequence);
        return options.source.read(asked);
      },
    };
    await stateAt({ ...options, source }, { position: last });
    expect(lowest).toBeGreaterThan(1);
  });

  it('is found by time: the last event at or before it', async () => {
    const times: { position: number; at: number }[] = [];
    await replay(options.source, { signal, onEvent: ({ position, at }) => void times.push({ position, at }) });
    for (const { at } of times) {
      const expected = times.findLast((one) => one.at <= at)?.position;
      expect(await positionAt(live.log, at)).toBe(expected);
      expect((await stateAt(options, { time: at })).position).toBe(expected);
    }
    await expect(stateAt(options, { time: 1 })).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(stateAt(options, { position: 1_000_000 })).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it('answers the queries of then', async () => {
    let joined = 0;
    await replay(options.source, {
      signal,
      onEvent: (event) => {
        if (event.type === 'server.joined' && event.data.server === 's0') joined = event.position;
      },
    });
    const membersAt = async (position: number) => {
      const ask = { group: 'Production' as GroupName };
      const answered = queryAt(await stateAt(options, { position }), { name: 'group', ask });
      return answered.status === 'ok' ? answered.data.servers.map(({ server }) => server) : [];
    };
    expect(await membersAt(joined - 1)).toEqual([]);
    expect(await membersAt(joined)).toEqual(['s0']);
  });
});
