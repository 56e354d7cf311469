/** What a coordinator does in doubt of what NATS came back with: played on a real server that is killed and comes back. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendedInCertainty, Standing } from '../../src/coordinator/standing.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { subjects } from '../../schemas/subjects.ts';
import { but } from '../support/but.ts';
import { newFleet } from '../support/coordinators.ts';
import { eventually } from '../support/eventually.ts';
import { bytesOf, ensureReached, openBus } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const timeoutMs = 5_000;
/** For what waits until a cluster has elected the leaders of its streams. */
const backTimeoutMs = 30_000;

let nats: NatsServer;
let bus: Bus;
let log: LogPort;
let standing: Standing;
let stopping: AbortController;
let streams: readonly string[];
/** Until it resolves nobody answers for the commands. */
let answering: Promise<void>;

beforeEach(async () => {
  nats = await startNats();
  bus = await openBus(nats.url, 'coordinator');
  const fleet = newFleet();
  const names = streamNames(fleet);
  streams = [names.log, names.commands];
  const definitions = streamDefinitions(fleet, { replicas: natsReplicas() });
  for (const definition of [definitions.log, definitions.commands]) await ensureReached(bus, definition);
  stopping = new AbortController();
  const { signal } = stopping;
  const own = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock });
  standing = new Standing({
    bus: but(bus, {
      async streamStatus(name) {
        await answering;
        return bus.streamStatus(name);
      },
    }),
    log: own,
    commands: names.commands,
    timeoutMs,
    patienceMs: 0,
    cursor: () => emptyCursor,
    taken: () => emptyCursor.watermark,
    onTakenGone: () => undefined,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    signal,
  });
  log = appendedInCertainty(own, standing, { clock: systemClock, signal });
});
afterEach(async () => {
  stopping.abort();
  await bus.close();
  await nats.stop();
});

async function goneAndBack(): Promise<void> {
  await nats.kill('SIGKILL');
  await eventually(() => !standing.isCertain, { what: 'a doubt' });
  await nats.restart();
  const options = { timeoutMs: backTimeoutMs };
  for (const name of streams)
    await eventually(() => bus.streamStatus(name), { ...options, what: `${name} to be back` });
}

const append = (data: string, expectedLastSequence: number) =>
  log.append({ data: bytesOf(data), expectedLastSequence, timeoutMs: backTimeoutMs });

describe('what NATS came back with', { timeout: 4 * backTimeoutMs }, () => {
  it('is appended to only once it has been looked at', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    answering = Promise.resolve();
    await append('first', 0);
    let answer: () => void = () => undefined;
    answering = new Promise((resolve) => (answer = resolve));
    await goneAndBack();
    const appended = append('second', 1);
    expect(await log.lastSequence(timeoutMs)).toBe(1);
    answer();
    expect(await appended).toEqual({ status: 'appended', sequence: 2 });
    expect(standing.isCertain).toBe(true);
  });

  it('fails an append that would have waited for too long, and never stores it', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    let answer: () => void = () => undefined;
    answering = new Promise((resolve) => (answer = resolve));
    await goneAndBack();
    const late = log.append({ data: bytesOf('late'), expectedLastSequence: 0, timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    answer();
    await standing.certain(stopping.signal);
    expect(await log.lastSequence(timeoutMs)).toBe(0);
  });

  it('is in doubt again where NATS goes away while it is looked at', async (context) => {
    if (!nats.canKill) return context.skip('this NATS is not ours to kill');
    let answer: () => void = () => undefined;
    answering = new Promise((resolve) => (answer = resolve));
    await goneAndBack();
    const { doubted } = standing;
    await goneAndBack();
    expect(doubted.aborted).toBe(true);
    answer();
    await standing.certain(stopping.signal);
    expect(standing.isCertain).toBe(true);
    expect(standing.doubted.aborted).toBe(false);
  });
});
