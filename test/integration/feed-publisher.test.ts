/** The feed over a real NATS server, while commands keep coming. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { EventTexts } from '../../src/coordinator/event-texts.ts';
import { FeedPublisher } from '../../src/coordinator/feed-publisher.ts';
import { feedGatherMs } from '../../src/coordinator/timing.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { type Clock, systemClock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { ensureReached, openBus, uniqueName } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const eventsMax = 500;
const answerEvery = 25;

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

/** Goes on by `stepMs` at each look at it, waits for nothing, and remembers how long it was to wait. */
function steppingClock(stepMs: number): Clock & { readonly waits: readonly number[] } {
  let at = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => 1_000_000,
    monotonic: () => {
      at += stepMs;
      return at;
    },
    after(delayMs, run) {
      waits.push(delayMs);
      const handle = setImmediate(run);
      return { cancel: () => clearImmediate(handle) };
    },
    soon: (run) => void setImmediate(run),
  };
}

interface Given {
  readonly clock: Clock;
  readonly log?: MemoryLog;
  /** Records of the log that were folded. */
  readonly foldedRecords?: number;
}

async function publisher({ clock, log = new MemoryLog(), foldedRecords = 0 }: Given) {
  const fleet = uniqueName('fleet') as FleetId;
  const stream = streamNames(fleet).feed;
  await ensureReached(bus, streamDefinitions(fleet, { replicas: natsReplicas() }).feed);
  const state = emptyState();
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const feed = new FeedPublisher({
    bus,
    fleet,
    stream,
    log,
    state,
    cursor: () => ({ ...emptyCursor, sequence: foldedRecords }),
    texts: new EventTexts(),
    clock,
    random: Math.random,
    storeTimeoutMs: 5_000,
    patienceMs: 0,
    onError: (error) => errors.push(error),
    signal: stopping.signal,
  });
  const stop = async () => {
    stopping.abort();
    await feed.stop();
  };
  return { fleet, stream, state, feed, errors, stop };
}

/** One event a turn of the event loop, decided an hour ahead by the log's time: as after a client whose clock was. */
async function feedAll(clock: Clock): Promise<void> {
  const { stream, state, feed, errors, stop } = await publisher({ clock });
  const at = clock.now() + 3_600_000;
  for (let position = 1; position <= eventsMax; position += 1) {
    state.position = position;
    feed.offer([
      { type: 'coordinator.elected', version: 1, position, at, data: { term: position, instance: 'i' } } as Event,
    ]);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    // However slow the servers are, the feed has sent some of them before the last ones come.
    if (position % answerEvery === 0) await bus.streamStatus(stream);
  }
  const isWhole = async () => (await bus.streamStatus(stream)).lastSequence === eventsMax || undefined;
  await eventually(isWhole, { timeoutMs: 20_000, what: 'the whole feed' });
  await stop();
  expect(errors).toEqual([]);
}

/** What it says of a feed that holds five events where it has folded three, of three records. */
async function saidOfFeedAhead(records: number): Promise<unknown> {
  const log = new MemoryLog();
  for (let sequence = 0; sequence < records; sequence += 1) {
    await log.append({ data: new Uint8Array([sequence]), expectedLastSequence: sequence, timeoutMs: 1_000 });
  }
  const { fleet, state, feed, errors, stop } = await publisher({ clock: systemClock, log, foldedRecords: 3 });
  state.position = 3;
  for (let position = 1; position <= 5; position += 1) {
    await bus.store({
      subject: subjects.event(fleet, { kind: 'fleet', id: fleet }),
      data: new Uint8Array([1]),
      timeoutMs: 5_000,
    });
  }
  feed.offer([]);
  const [said] = await eventually(() => errors.length > 0 && errors, { what: 'an error' });
  await stop();
  return said;
}

describe('the feed, while commands keep coming', () => {
  it('gives way to them', async () => {
    // A look a millisecond: however many events come during a run, none is a second late.
    const clock = steppingClock(1);
    await feedAll(clock);
    expect(new Set(clock.waits).size).toBeGreaterThan(1);
  });

  it('gives way no more once it is a second late, though the time of the log is ahead of ours', async () => {
    const clock = steppingClock(600);
    await feedAll(clock);
    expect(new Set(clock.waits)).toEqual(new Set([feedGatherMs]));
  });
});

describe('a feed that holds more than was folded', () => {
  it('is no sign of a log that went back where the log holds more too: somebody else leads', async () => {
    expect(await saidOfFeedAhead(4)).toMatchObject({ code: 'not-leader', retryable: true });
  });

  it('is one where the log ends there', async () => {
    expect(await saidOfFeedAhead(3)).toMatchObject({ code: 'log-regressed', retryable: false });
  });
});
