/** A fleet whose leader signs its log: proven from outside, across leaders and keys, and otherwise undisturbed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { liveSource, type LogSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import { verify } from '../../src/audit/verify.ts';
import type { Signer } from '../../src/coordinator/checkpoints.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import { decodeRecord } from '../../src/eventlog/record-codec.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { generateSigningKey, type PublicKey } from '../../src/proof/keys.ts';
import { systemClock } from '../../src/std/clock.ts';
import type { Event } from '../../schemas/events.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { newFleet, startCoordinator, type TestCoordinator } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { scratchFolder } from '../support/export-tampering.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';
import { type ScriptedFleet, scriptedFleet } from '../support/scripted-fleet.ts';

const signal = new AbortController().signal;
const timing = { checkpointEvents: 10, checkpointMs: 100, housekeepingMs: 25 };
const [first, second] = [generateSigningKey(), generateSigningKey()];
let nats: NatsServer;
let bus: Bus;
let fleet: FleetId;
let play: ScriptedFleet;
let source: LogSource;
let running: TestCoordinator | undefined;

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
  const names = streamNames(fleet);
  const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock });
  source = liveSource(log, names.log);
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

async function lead(signer: Signer): Promise<void> {
  await running?.stop();
  running = await startCoordinator({ url: nats.url, fleet, timing, signer });
  await eventually(() => running?.coordinator.role === 'leader');
}
async function events(): Promise<Event[]> {
  const read: Event[] = [];
  await replay(source, { signal, onEvent: (event) => void read.push(event) });
  return read;
}
/** The positions of a record. */
async function recordAt(wanted: number): Promise<number[]> {
  for await (const item of source.read({ fromSequence: wanted, signal })) {
    if (item.status === 'record') return decodeRecord(item.stored.data).events.map(({ position }) => position);
  }
  return [];
}
const types = async () => (await events()).map(({ type }) => type);
const provenBy = async (key: PublicKey) => (await verify(source, { key, signal })).proven?.through ?? 0;
/** Everything up to now but the checkpoint itself. */
async function provenToTheEnd(key: PublicKey): Promise<void> {
  await eventually(async () => {
    const all = await events();
    return all.at(-1)?.type === 'log.checkpointed' && (await provenBy(key)) === all.length - 1;
  });
}

describe('a leader with a key', () => {
  it('proves the log up to now, whatever comes and when nothing comes', async () => {
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    for (let number = 0; number < 30; number += 1) await play.register(`s${number}`, 9_000 + number);
    await provenToTheEnd(first.publicKey);
    const verdict = await verify(source, { key: first.publicKey, signal });
    expect(verdict).toMatchObject({ status: 'whole', proven: { by: 'checkpoints' } });
    expect(await provenBy(second.publicKey).catch(() => 0)).toBe(0);
    await play.ask('group.create', { group: 'later' });
    await provenToTheEnd(first.publicKey);
    const all = await types();
    const doubled = all.filter((type, index) => type === 'log.checkpointed' && all[index - 1] === type);
    expect(doubled).toEqual([]);
    expect(all.filter((type) => type === 'log.key-rotated')).toHaveLength(1);
  });

  it('proves an export that nobody signed up to its last checkpoint, and says what is not', async () => {
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    await running?.stop();
    const last = (await events()).length;
    const folder = await scratchFolder();
    const path = folder.path('unsigned.ndjson.gz');
    await exportLog(source, { path, fleet, clock: systemClock, signal });
    const verdict = await verify(exportFile(path), { key: first.publicKey, signal });
    const proven = await provenBy(first.publicKey);
    expect(proven).toBeGreaterThan(0);
    expect(verdict).toMatchObject({
      status: 'wrong',
      finding: { flaw: 'forged', position: proven + 1, through: last, reason: expect.stringContaining('--key') },
      proven: { by: 'checkpoints', through: proven },
    });
    const { sequence } = verdict.finding ?? { sequence: 0 };
    const recordOf = await recordAt(sequence);
    expect(recordOf).toContain(proven + 1);
    await folder.remove();
  });

  it('touches no group', async () => {
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    const before = await replay(source, { signal });
    await play.ask('project.publish', { project: 'hello', version: '1', digest: 'a'.repeat(64), bytes: 1 });
    await provenToTheEnd(first.publicKey);
    const after = await replay(source, { signal });
    expect(after.position).toBeGreaterThan(before.position + 1);
    expect(after.state.groupById).toEqual(before.state.groupById);
  });
});

describe('leaders one after the other', () => {
  it('sign with the same key without saying so again', async () => {
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    expect((await types()).filter((type) => type === 'log.key-rotated')).toHaveLength(1);
  });

  it('sign nothing with a key the log does not name, and go over to it by the one before', async () => {
    await lead({ key: first });
    await provenToTheEnd(first.publicKey);
    const signed = (await types()).length - 1;
    await lead({ key: second });
    await play.ask('group.create', { group: 'unsigned' });
    expect(await provenBy(first.publicKey)).toBe(signed);
    await lead({ key: second, previous: first });
    await provenToTheEnd(first.publicKey);
    expect(await provenBy(second.publicKey)).toBe((await types()).length - 1);
  });
});
