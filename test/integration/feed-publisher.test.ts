/** The feed over a real NATS server, while commands keep coming. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../schemas/events.ts';
import type { FleetId } from '../../schemas/ids.ts';
import { EventTexts } from '../../src/coordinator/event-texts.ts';
import { FeedPublisher } from '../../src/coordinator/feed-publisher.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { MemoryLog } from '../../src/eventlog/memory-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import type { Clock } from '../../src/std/clock.ts';
import { eventually } from '../support/eventually.ts';
import { openBus, uniqueName } from '../support/nats-bus.ts';
import { natsReplicas } from '../support/nats-choice.ts';
import { type NatsServer, startNats } from '../support/nats-server.ts';

const eventsMax = 500;
/** What a run pauses for at most: each of ours takes longer than the feed's target by far. */
const pauseMs = 200;

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

/** One event a turn of the event loop, decided an hour ahead by the log's time: as after a client whose clock was. */
async function feedAll(clock: Clock): Promise<void> {
  const fleet = uniqueName('fleet') as FleetId;
  const stream = streamNames(fleet).feed;
  await bus.ensureStream(streamDefinitions(fleet, { replicas: natsReplicas() }).feed);
  const state = emptyState();
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const feed = new FeedPublisher({
    bus,
    fleet,
    stream,
    log: new MemoryLog(),
    state,
    texts: new EventTexts(),
    clock,
    random: Math.random,
    storeTimeoutMs: 5_000,
    onError: (error) => errors.push(error),
    signal: stopping.signal,
  });
  const at = clock.now() + 3_600_000;
  for (let position = 1; position <= eventsMax; position += 1) {
    state.position = position;
    feed.offer([
      { type: 'coordinator.elected', version: 1, position, at, data: { term: position, instance: 'i' } } as Event,
    ]);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  const isWhole = async () => (await bus.streamStatus(stream)).lastSequence === eventsMax || undefined;
  await eventually(isWhole, { timeoutMs: 20_000, what: 'the whole feed' });
  stopping.abort();
  await feed.stop();
  expect(errors).toEqual([]);
}

describe('the feed, while commands keep coming', () => {
  it('gives way to them', async () => {
    const clock = steppingClock(100);
    await feedAll(clock);
    expect(clock.waits).toContain(pauseMs);
  });

  it('gives way no more once it is a second late, though the time of the log is ahead of ours', async () => {
    const clock = steppingClock(600);
    await feedAll(clock);
    expect(clock.waits).not.toContain(pauseMs);
  });
});
