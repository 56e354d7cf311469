import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { FleetFold } from '../../src/coordinator/fleet-fold.ts';
import { restore } from '../../src/coordinator/snapshots.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { eventually } from '../support/eventually.ts';
import { type FleetProcess, type FleetProcesses, startFleet } from '../support/fleet-processes.ts';
import { openBus } from '../support/nats-bus.ts';

const commands = 1_000;
const fleetId = FleetId.parse('main');
let fleet: FleetProcesses;
let coordinator: FleetProcess;
let asker: Bus;

beforeEach(async () => {
  fleet = await startFleet();
  coordinator = await fleet.startCoordinator();
  asker = await openBus(fleet.nats.url, 'asker');
});
afterEach(async () => {
  await asker?.close();
  await fleet?.stop();
});

/** Some at a time, so that a kill finds some decided, some under way and some not yet sent. */
const inFlight = 64;
/** What is answered when the kill comes. */
const answeredBefore = 200;

interface Sending {
  readonly settled: () => number;
  /** Resolves in the turn in which enough have been answered. */
  readonly midway: Promise<void>;
  readonly all: Promise<number[]>;
}

/** Sends one command until it is answered, through whatever outage, and returns its position. */
type Send = (index: number) => Promise<number>;

/** Through the stream, by the SDK, which repeats by itself. */
async function byStream(index: number): Promise<number> {
  const options = { id: `c-${index}`, timeoutMs: 60_000 };
  const outcome = await fleet.muster.send('group.create', { group: `g${index}` as never }, options);
  expect(outcome.status).toBe('accepted');
  return outcome.position;
}

/** As requests on `do`, which nothing stores before they are decided: whoever hears nothing asks again. */
async function byRequest(index: number): Promise<number> {
  const data = Buffer.from(JSON.stringify({ id: `c-${index}`, group: `g${index}` }));
  const subject = subjects.do(fleetId, 'e2e' as never, 'group.create');
  const answered = async () => {
    const answer = await asker.request({ subject, data, timeoutMs: 2_000 });
    const outcome = JSON.parse(Buffer.from(answer.data).toString());
    return outcome.status === 'unknown' ? undefined : outcome;
  };
  const outcome = await eventually(answered, { timeoutMs: 60_000, what: `an outcome of c-${index}` });
  expect(outcome).toMatchObject({ status: 'accepted', id: `c-${index}` });
  return outcome.position;
}

/** Every command of the test, some at a time. */
function sendAll(send: Send): Sending {
  let settled = 0;
  let sent = 0;
  let reached: () => void = () => undefined;
  const midway = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const positions: number[] = [];
  const one = async (index: number) => {
    positions[index] = await send(index);
    settled += 1;
    if (settled === answeredBefore) reached();
  };
  const worker = async () => {
    while (sent < commands) {
      sent += 1;
      await one(sent - 1);
    }
  };
  const all = Promise.all(Array.from({ length: inFlight }, worker)).then(() => positions);
  return { settled: () => settled, midway, all };
}

/** The whole log by a reader of its own, and whether a fold from zero equals the coordinator's last snapshot. */
async function readLog(): Promise<{ events: Event[]; snapshotEqualsZero: boolean }> {
  const bus = await openBus(fleet.nats.url, 'auditor');
  const names = streamNames(fleetId);
  const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleetId), clock: systemClock });
  const last = await log.lastSequence(5_000);
  const events: Event[] = [];
  const onFolded = (folded: readonly Event[]) => events.push(...folded);
  const fold = new FleetFold({ cursor: emptyCursor, state: emptyState(), logger: silentLogger, onFolded });
  await fold.catchUp(log, last, AbortSignal.timeout(20_000));
  const snapshot = await restore({ bucket: bus.objects(names.snapshots), log, logger: silentLogger });
  await bus.close();
  expect(snapshot.cursor.sequence).toBe(last);
  expect(snapshot.state).toEqual(fold.state);
  return { events, snapshotEqualsZero: true };
}

async function expectEachOnce(positions: readonly number[]): Promise<void> {
  // A clean stop keeps a snapshot of what the coordinator holds, at the head of the log.
  await coordinator.kill('SIGTERM');
  const { events } = await readLog();
  expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
  const positionById = new Map<string, number>();
  for (const event of events) {
    if (event.command === undefined) continue;
    expect(positionById.has(event.command.id), event.command.id).toBe(false);
    positionById.set(event.command.id, event.position);
  }
  expect(positions).toEqual(positions.map((_, index) => positionById.get(`c-${index}`)));
}

describe.each([
  ['over the stream', byStream],
  ['as requests', byRequest],
] as const)('a thousand commands %s', (_, send) => {
  it('have one event each, in order, when the coordinator is killed in their midst', async () => {
    const { settled, midway, all } = sendAll(send);
    await midway;
    await coordinator.kill('SIGKILL');
    const atKill = settled();
    coordinator = await fleet.startCoordinator();
    await expectEachOnce(await all);
    expect(atKill).toBeLessThan(commands);
  });

  it('have one event each, in order, when the NATS server is killed in their midst', async () => {
    const { settled, midway, all } = sendAll(send);
    await midway;
    await fleet.nats.kill('SIGKILL');
    const atKill = settled();
    await fleet.nats.restart();
    await expectEachOnce(await all);
    expect(atKill).toBeLessThan(commands);
  });

  it('have one event each, in order, when the leader freezes in their midst and wakes beside the next', async () => {
    const frozen = coordinator;
    const { settled, midway, all } = sendAll(send);
    await midway;
    await frozen.kill('SIGSTOP');
    const atFreeze = settled();
    coordinator = await fleet.startCoordinator('second');
    await eventually(() => settled() > atFreeze + inFlight, { timeoutMs: 60_000, what: 'the next leader to answer' });
    // What was sent to it meanwhile is waiting in its connection: it decides that on a head that is no longer the log's.
    await frozen.kill('SIGCONT');
    const positions = await all;
    await frozen.kill('SIGKILL');
    await expectEachOnce(positions);
    expect(atFreeze).toBeLessThan(commands);
  });
});
