/**
 * What stands when a log has gone back: where it ends, what of it was seen beyond that, by whom, and what COMMANDS still
 * holds. Only looks: what is done about it is `recovery.ts`, on a person's word.
 */
import { emptyState } from '../domain/fleet-state.ts';
import type { FleetState } from '../domain/state.ts';
import { type ChainCursor, emptyCursor } from '../eventlog/chain.ts';
import type { HighMark } from '../eventlog/high-mark.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Bus, StoredMessage } from '../nats/bus.ts';
import type { StreamNames } from '../nats/stream-definitions.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decode } from '../wire/codec.ts';
import { messageOrNothing } from '../wire/message.ts';
import { type FleetId, type Position, Stamp, type Term } from '../../schemas/ids.ts';
import { Applied, Beat } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { FleetFold, foldToHead } from './fleet-fold.ts';
import { checkWatermark } from './preparation.ts';

/** The newest of what somebody has seen: compared term first. */
export interface Seen {
  readonly term: Term;
  readonly position: Position;
}

/** An event that the feed still holds and the log does not. */
export interface LostEvent {
  readonly position: Position;
  readonly type: string;
  readonly principal: string;
  readonly at: number;
}

export interface RecoveryView {
  /** The log as it is: whole up to here, which was checked link by link. */
  readonly cursor: ChainCursor;
  readonly state: FleetState;
  /** The highest of high mark, feed, published values and heartbeats. */
  readonly seen: Seen;
  /** Of what the feed holds beyond the log, the first ones. */
  readonly lost: readonly LostEvent[];
  /** The feed reaches beyond the log: it is made anew. */
  readonly isFeedAhead: boolean;
  readonly commands: CommandsView;
}

export interface CommandsView {
  readonly stream: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Why the log cannot go on reading where it was; undefined when it can. */
  readonly trouble: string | undefined;
}

export interface LookOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly names: StreamNames;
  readonly log: LogPort;
  readonly highMark: HighMark;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long heartbeats are listened for: each server beats every two seconds or so. */
  readonly listenMs: number;
  readonly timeoutMs: number;
}

/** Enough to see what kind of thing was lost; the count says how much. */
const lostShownMax = 50;

/** Throws `conflict` while a coordinator leads, `log-broken` where the log is not whole in itself. */
export async function lookAtLog(options: LookOptions): Promise<RecoveryView> {
  const { bus, fleet, names, log, clock, logger, timeoutMs, highMark } = options;
  await requireNobodyLeads(bus, fleet, timeoutMs);
  const heard = listen(options);
  const fold = new FleetFold({ cursor: emptyCursor, state: emptyState(), logger, onFolded: () => {} });
  await foldToHead(fold, { log, clock, timeoutMs, signal: new AbortController().signal });
  const { cursor, state } = fold;
  const feed = await bus.streamStatus(names.feed);
  const all: Seen[] = [
    { term: state.term, position: state.position },
    { term: 0, position: feed.lastSequence },
    ...(await stampsIn(bus, names.groups)),
    ...(await stampsIn(bus, names.pools)),
    ...(await heard),
  ];
  if (highMark.mark !== undefined) all.push(highMark.mark);
  const seen = {
    term: Math.max(...all.map(({ term }) => term)),
    position: Math.max(...all.map(({ position }) => position)),
  };
  const isFeedAhead = feed.lastSequence > state.position;
  const lost = isFeedAhead ? await lostEvents(bus, names.feed, { after: state.position, upTo: feed.lastSequence }) : [];
  return { cursor, state, seen, lost, isFeedAhead, commands: await commandsView(options, cursor) };
}

async function requireNobodyLeads(bus: Bus, fleet: FleetId, timeoutMs: number): Promise<void> {
  try {
    await bus.request({ subject: subjects.leader(fleet), data: new Uint8Array(0), timeoutMs });
  } catch (error) {
    if (error instanceof Failure && error.code === 'no-responders') return;
    throw error;
  }
  const message = `a coordinator leads fleet ${fleet}: its log needs no recovery, or stop every coordinator first`;
  throw new Failure({ code: 'conflict', retryable: false, message });
}

/** What servers and balancers hold, by their own heartbeats. */
async function listen({ bus, fleet, clock, listenMs: delayMs }: LookOptions): Promise<Seen[]> {
  const heard: Seen[] = [];
  const subscriptions = [
    bus.subscribe({
      subject: subjects.allBeats(fleet),
      onMessage: ({ data }) => {
        const beat = messageOrNothing(Beat, data);
        if (beat !== undefined) heard.push(beat.assignment, beat.directive);
      },
    }),
    bus.subscribe({
      subject: subjects.allApplied(fleet),
      onMessage: ({ data }) => {
        const applied = messageOrNothing(Applied, data);
        if (applied !== undefined) heard.push(applied);
      },
    }),
  ];
  try {
    await pause({ clock, delayMs });
  } finally {
    for (const subscription of subscriptions) subscription.unsubscribe();
  }
  return heard;
}

async function stampsIn(bus: Bus, stream: string): Promise<Seen[]> {
  const stamps: Seen[] = [];
  for await (const { data } of untilEnd(bus, stream, 1)) {
    const stamp = Stamp.safeParse(decode(data));
    if (stamp.success) stamps.push(stamp.data);
  }
  return stamps;
}

async function lostEvents(
  bus: Bus,
  stream: string,
  { after }: { after: Position; upTo: Position },
): Promise<LostEvent[]> {
  const lost: LostEvent[] = [];
  for await (const { data } of untilEnd(bus, stream, after + 1)) {
    const { position, type, principal, at } = JSON.parse(Buffer.from(data).toString()) as LostEvent;
    lost.push({ position, type, principal, at });
    if (lost.length >= lostShownMax) break;
  }
  return lost;
}

/** Every message from `fromSequence` to the stream's end as it is now. */
async function* untilEnd(bus: Bus, stream: string, fromSequence: number): AsyncGenerator<StoredMessage> {
  const { lastSequence, messages } = await bus.streamStatus(stream);
  if (messages === 0 || fromSequence > lastSequence) return;
  const enough = new AbortController();
  for await (const message of bus.read({ stream, fromSequence, signal: enough.signal })) {
    yield message;
    if (message.sequence >= lastSequence) return enough.abort();
  }
}

async function commandsView({ bus, names }: LookOptions, { watermark }: ChainCursor): Promise<CommandsView> {
  const { identity: stream, firstSequence, lastSequence } = await bus.streamStatus(names.commands);
  try {
    await checkWatermark(bus, names.commands, watermark);
    return { stream, firstSequence, lastSequence, trouble: undefined };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'log-regressed') throw error;
    return { stream, firstSequence, lastSequence, trouble: error.message };
  }
}
