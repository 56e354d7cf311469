/**
 * Events of a live log around a position, some records at a time, without folding it: what a timeline and a reader who
 * was away need. Promises: in order, none twice. The chain is not checked here: whoever folds the log does that.
 */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { findRecord } from '../eventlog/find-record.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { decodeRecord } from '../eventlog/record-codec.ts';
import { Failure } from '../std/failure.ts';

export interface WindowOptions {
  readonly log: LogPort;
  readonly signal: AbortSignal;
}

/** Records read at a time: one round trip, and some megabytes of the largest at most. */
const recordsMax = 128;
const timeoutMs = 10_000;

/** From this position on, oldest first, up to the end there is now. */
export async function* eventsUp(
  { log, signal }: WindowOptions,
  from: Position,
): AsyncGenerator<readonly Event[], void, undefined> {
  const lastSequence = await log.lastSequence(timeoutMs);
  let sequence = await sequenceOf(log, from, lastSequence);
  while (sequence !== undefined && sequence <= lastSequence) {
    const through = Math.min(lastSequence, sequence + recordsMax - 1);
    const events = await eventsIn({ log, signal }, sequence, through);
    yield events.filter(({ position }) => position >= from);
    sequence = through + 1;
  }
}

/** From this position down, newest first, to the log's beginning. */
export async function* eventsDown(
  { log, signal }: WindowOptions,
  from: Position,
): AsyncGenerator<readonly Event[], void, undefined> {
  const lastSequence = await log.lastSequence(timeoutMs);
  let sequence = await sequenceOf(log, from, lastSequence);
  while (sequence !== undefined && sequence > 0) {
    const begin = Math.max(1, sequence - recordsMax + 1);
    const events = await eventsIn({ log, signal }, begin, sequence);
    yield events.filter(({ position }) => position <= from).reverse();
    sequence = begin - 1;
  }
}

async function sequenceOf(log: LogPort, position: Position, lastSequence: number) {
  return (await findRecord(log, { position, lastSequence, timeoutMs }))?.sequence;
}

async function eventsIn({ log, signal }: WindowOptions, from: number, through: number): Promise<Event[]> {
  const events: Event[] = [];
  const done = new AbortController();
  const late = setTimeout(() => done.abort(), timeoutMs);
  let term = 0;
  try {
    for await (const { sequence, data } of log.read({
      fromSequence: from,
      signal: AbortSignal.any([signal, done.signal]),
    })) {
      const record = decodeRecord(data);
      // A record of a closed term never happened.
      if (record.term >= term) {
        term = record.term;
        for (const event of record.events) events.push(event);
      }
      if (sequence >= through) return events;
    }
  } finally {
    clearTimeout(late);
    done.abort();
  }
  if (signal.aborted) throw new Failure({ code: 'aborted', retryable: false, message: 'reading the log' });
  throw new Failure({ code: 'timeout', retryable: true, message: `records ${from} to ${through} of the log` });
}
