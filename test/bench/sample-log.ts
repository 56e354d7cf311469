/** A log to measure on: a fleet of servers, then one change of a server after another, written by the real writer. */
import { Event } from '../../schemas/events.ts';
import type { LogId } from '../../schemas/ids.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { LogPort } from '../../src/eventlog/log-port.ts';
import { LogWriter } from '../../src/eventlog/log-writer.ts';
import { encodeEvent } from '../../src/eventlog/record-codec.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';

const sampleLogId = 'bench-log-0001' as LogId;
/** The study's records held a hundred; the writer's own bound is a thousand. */
const eventsPerRecordDefault = 100;
const appendTimeoutMs = 10_000;
const beganAt = 1_700_000_000_000;
/** 17,280 changes a day: a busy fleet. It decides how many command ids the window of repeats holds. */
export const betweenEventsMs = 5_000;

export interface SampleLog {
  readonly stream: string;
  readonly subject: string;
  readonly log: LogPort;
}

/** An empty log with a stream of its own on this bus. */
export async function emptyLog(bus: Bus, stream: string): Promise<SampleLog> {
  const subject = `bench.${stream}.log`;
  await bus.ensureStream({
    name: stream,
    subjects: [subject],
    maxMessagesPerSubject: -1,
    discard: 'new',
    denyDelete: true,
    denyPurge: true,
    allowRollup: false,
    maxBytes: 4 * 1024 ** 3,
    maxAgeMs: 0,
    maxMessageBytes: 512 * 1024,
    replicas: 1,
  });
  return { stream, subject, log: jetstreamLog({ bus, stream, subject, clock: systemClock }) };
}

export function writerOn(log: LogPort): LogWriter {
  return new LogWriter({
    port: log,
    cursor: { ...emptyCursor, log: sampleLogId },
    term: 1,
    instance: 'bench',
    watermark: { stream: 'bench', sequence: 0, hash: '' },
    clock: systemClock,
    appendTimeoutMs,
    settleDeadlineMs: appendTimeoutMs,
    onAppended: () => {},
  });
}

export interface Contents {
  readonly events: number;
  /** How many servers they are about. */
  readonly servers: number;
  readonly eventsPerRecord?: number;
}

export async function fillLog({ log }: SampleLog, contents: Contents): Promise<void> {
  const { events, servers, eventsPerRecord = eventsPerRecordDefault } = contents;
  const writer = writerOn(log);
  for (let position = 1; position <= events; ) {
    for (let more = 0; more < eventsPerRecord && position <= events; more += 1, position += 1) {
      const event = sampleEvent(position, servers);
      const hash = position.toString(16).padStart(32, '0');
      writer.add({ event, encoded: encodeEvent(event), watermark: { stream: 'bench', sequence: position, hash } });
    }
    await writer.drained();
  }
  await writer.stop();
}

/** The event at a position: the fleet, its servers, then their changes, each asked for by a command with an id. */
function sampleEvent(position: number, servers: number): Event {
  const id = `c${position.toString(36)}`;
  const at = beganAt + position * betweenEventsMs;
  const head = { position, version: 1, at, askedAt: at, principal: 'bench' };
  const command = { id, hash: position.toString(16).padStart(32, '0') };
  if (position === 1) {
    const data = { fleet: 'main', log: sampleLogId, groups: ['Production', 'Development'] };
    return Event.parse({ ...head, type: 'fleet.created', data });
  }
  const server = `s${position % servers}`;
  if (position <= servers + 1) {
    const data = { server, address: { host: '10.0.0.1', port: 8080 }, labels: { zone: 'a' } };
    return Event.parse({ ...head, command, type: 'server.registered', data });
  }
  return Event.parse({
    ...head,
    command,
    type: 'server.configured',
    data: { server, labels: { zone: 'b' }, weight: position % 257 },
  });
}

export interface Prepared {
  readonly event: Event;
  readonly encoded: Uint8Array;
}

/** Events made and encoded beforehand, so that making them is in no figure. */
export function preparedEvents(count: number, servers: number): Prepared[] {
  return Array.from({ length: count }, (_, index) => {
    const event = sampleEvent(index + 1, servers);
    return { event, encoded: encodeEvent(event) };
  });
}
