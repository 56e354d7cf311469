/**
 * The fleet as it was: at a position, or at a time. From the nearest snapshot where there are any, so that a long log
 * is not folded from zero; a file has none and is read from its beginning.
 */
import type { Position } from '../../schemas/ids.ts';
import type { QueryAsk, QueryData } from '../../schemas/views.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { decodeRecord } from '../eventlog/record-codec.ts';
import { emptyObserved } from '../projections/observed.ts';
import { type Answered, answerQuery, type ProjectedQuery } from '../projections/views.ts';
import { Failure } from '../std/failure.ts';
import { nearest, type Shelf } from '../snapshots/shelf.ts';
import type { Restored } from '../snapshots/snapshot.ts';
import type { LogSource } from './log-source.ts';
import type { ProgressOptions } from './progress.ts';
import { type Moment, replay } from './replay.ts';

/** `time`: the last event at or before it, by the events' own `at`, milliseconds since the epoch. */
export type Instant = { readonly position: Position } | { readonly time: number };

export interface AsOfOptions {
  readonly source: LogSource;
  /** For what can be looked up in a live log. Default: a file, which is read from its beginning. */
  readonly live?: { readonly log: LogPort; readonly bucket: Shelf['bucket'] };
  readonly progress?: ProgressOptions;
  readonly signal: AbortSignal;
}

const lookUpTimeoutMs = 10_000;

/** The fleet as it is by the end of the log. */
export async function stateNow(options: AsOfOptions): Promise<Moment> {
  const { source, progress, signal } = options;
  const start = await startFor(options);
  const moment = await replay(source, {
    signal,
    ...(progress === undefined ? {} : { progress }),
    ...(start === undefined ? {} : { start }),
  });
  if (moment.position > 0) return moment;
  throw unreachable('nothing has happened yet');
}

/** The nearest snapshot at or below the position (default: of all) to fold on from, where there is any. */
export async function startFor({ live }: Pick<AsOfOptions, 'live'>, atMost?: Position): Promise<Restored | undefined> {
  return live === undefined ? undefined : nearest({ ...live, onPassedOver: () => undefined }, atMost);
}

/** Fails with `config-invalid` where the log does not reach: it ends before the position, or begins after the time. */
export async function stateAt(options: AsOfOptions, instant: Instant): Promise<Moment> {
  const { source, live, progress, signal } = options;
  const shared = { signal, ...(progress === undefined ? {} : { progress }) };
  if (live === undefined) {
    const bound = 'position' in instant ? { to: instant.position } : { until: instant.time };
    return reached(await replay(source, { ...shared, ...bound }), instant);
  }
  const to = 'position' in instant ? instant.position : await positionAt(live.log, instant.time);
  const start = await startFor(options, to);
  return reached(await replay(source, { ...shared, to, ...(start === undefined ? {} : { start }) }), instant);
}

/** What the query would have answered then. What only was observed is not in the log: it shows as not yet heard of. */
export function queryAt<Q extends ProjectedQuery>(
  { state }: Pick<Moment, 'state'>,
  { name, ask }: { readonly name: Q; readonly ask: QueryAsk<Q> },
): Answered<QueryData<Q>> {
  return answerQuery(name, ask, state, emptyObserved());
}

function reached(moment: Moment, instant: Instant): Moment {
  if ('position' in instant && moment.position < instant.position) {
    throw unreachable(`the log ends at position ${moment.position}, before ${instant.position}`);
  }
  if (moment.position > 0) return moment;
  throw unreachable('nothing had happened by then: the log begins later');
}

/** The last position at or before the instant, whether the log reaches it or not; 0: nothing had happened by then. */
export async function placeOf({ source, live, progress, signal }: AsOfOptions, instant: Instant): Promise<Position> {
  if ('position' in instant) return instant.position;
  if (live !== undefined) return positionAt(live.log, instant.time);
  const shown = progress === undefined ? {} : { progress };
  return (await replay(source, { until: instant.time, signal, ...shown })).position;
}

export interface Range {
  readonly from?: Position;
  readonly to?: Position;
}

/** From the first event at or after the one instant, to the last at or before the other. */
export async function rangeOf(
  options: AsOfOptions,
  { from, to }: { readonly from?: Instant | undefined; readonly to?: Instant | undefined },
): Promise<Range> {
  const first = async (at: Instant) =>
    'position' in at ? at.position : (await placeOf(options, { time: at.time - 1 })) + 1;
  return {
    ...(from === undefined ? {} : { from: await first(from) }),
    ...(to === undefined ? {} : { to: await placeOf(options, to) }),
  };
}

/** The last position at or before the time: about log2 of the log's records are read. `at` never goes back. */
export async function positionAt(log: LogPort, time: number): Promise<Position> {
  let low = 1;
  let high = await log.lastSequence(lookUpTimeoutMs);
  let position = 0;
  while (low <= high) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstWithEvents(log, middle, high);
    if (found === undefined) {
      high = middle - 1;
      continue;
    }
    const { sequence, events } = found;
    const within = events.findLast(({ at }) => at <= time);
    if (within === undefined) {
      high = middle - 1;
      continue;
    }
    position = within.position;
    if (within !== events.at(-1)) break;
    low = sequence + 1;
  }
  return position;
}

/** Barriers have no events and no time of their own: the next record has. */
async function firstWithEvents(log: LogPort, from: number, to: number) {
  for (let sequence = from; sequence <= to; sequence += 1) {
    const stored = await log.get(sequence, lookUpTimeoutMs);
    if (stored === undefined) throw missing(sequence);
    const { events } = decodeRecord(stored.data);
    if (events.length > 0) return { sequence, events };
  }
  return undefined;
}

function unreachable(message: string): Failure {
  return new Failure({ code: 'config-invalid', retryable: false, message });
}

function missing(sequence: number): Failure {
  const message = `record ${sequence} is missing from the log; see: muster audit verify`;
  return new Failure({ code: 'log-broken', retryable: false, message });
}
