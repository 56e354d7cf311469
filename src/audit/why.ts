/**
 * Why something is as it is: the chain of events that led there, newest first, each with what it follows from, and
 * what must happen for it to change. On a live log and on a file alike. Promises: every step is an event of the log;
 * memory does not grow with the log. Must not know how it is shown. Duty of the caller: `views` answer for now where
 * `at` is not given, else they are the log's own.
 */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { FleetState } from '../domain/state.ts';
import { type AsOfOptions, type Instant, queryAt, startFor, stateAt, stateNow } from './as-of.ts';
import { type Moment, replay } from './replay.ts';
import { type Cause, causeOf } from './why-cause.ts';
import { isAbout, rootsOf, type WhyAsk } from './why-about.ts';
import { type Standing, standingOf, type Views } from './why-standing.ts';

export type { WhyAsk } from './why-about.ts';

export interface WhyOptions extends AsOfOptions {
  /** Default: by the end of the log. */
  readonly at?: Instant;
  /** How the present is answered. Default: by the log alone, which has nothing observed. */
  readonly views?: (moment: Moment) => Views;
}

export interface Step {
  readonly event: Event;
  readonly cause: Cause;
}

export interface Why {
  readonly ask: WhyAsk;
  /** What it is true for. */
  readonly position: Position;
  readonly at: number;
  readonly standing: Standing;
  /** Newest first. Empty where the log never told of it. */
  readonly steps: readonly Step[];
}

/** Events kept while looking, at most: a server's whole life, and what a chain needs of a group's is newer. */
const keptMax = 10_000;
/** Readings of the log, at most: each of the part where what is missing stands. */
const looksMax = 6;

export async function why(options: WhyOptions, ask: WhyAsk): Promise<Why> {
  const { at, views = recorded } = options;
  const moment = at === undefined ? await stateNow(options) : await stateAt(options, at);
  const steps = await chain(options, { ask, moment });
  const event = ask.kind === 'position' ? steps[0]?.event : undefined;
  const standing = await standingOf(ask, { state: moment.state, views: views(moment), event });
  return { ask, position: moment.position, at: moment.at, standing, steps };
}

function recorded(moment: Moment): Views {
  return async (name, ask) => queryAt(moment, { name, ask });
}

async function chain(options: WhyOptions, { ask, moment }: { ask: WhyAsk; moment: Moment }): Promise<Step[]> {
  const last = ask.kind === 'position' ? ask.position : moment.position;
  if (last > moment.position) await stateAt(options, { position: last });
  const wanted = new Set(rootsOf(moment.state, ask));
  // Not there: whatever was last said of it tells why.
  const isGone = wanted.size === 0;
  const found = new Map<Position, Step>();
  let missing = isGone ? [1] : [...wanted];
  let to = last;
  for (let look = 0; look < looksMax && missing.length > 0; look += 1) {
    const from = Math.min(...missing);
    for (const [position, step] of await collect(options, { ask, from, to, wanted })) found.set(position, step);
    const newest = isGone && look === 0 ? Math.max(0, ...found.keys()) : 0;
    if (newest > 0) wanted.add(newest);
    // What it follows from may lie further back, or be another thing's doing: only that part is read again.
    const still = closure(found, wanted);
    if (still.every((position) => missing.includes(position))) break;
    missing = still;
    to = Math.max(...missing);
  }
  return [...wanted].sort((a, b) => b - a).flatMap((position) => found.get(position) ?? []);
}

/** Adds to `wanted` whatever its events follow from; returns what was not found. */
function closure(found: ReadonlyMap<Position, Step>, wanted: Set<Position>): Position[] {
  const missing: Position[] = [];
  for (const position of wanted) {
    const step = found.get(position);
    if (step === undefined) missing.push(position);
    else if (step.cause.kind === 'event') wanted.add(step.cause.position);
  }
  return missing;
}

interface Looking {
  readonly ask: WhyAsk;
  readonly from: Position;
  readonly to: Position;
  readonly wanted: ReadonlySet<Position>;
}

async function collect(options: WhyOptions, { ask, from, to, wanted }: Looking): Promise<Map<Position, Step>> {
  const { source, progress, signal } = options;
  const found = new Map<Position, Step>();
  const onBefore = (event: Event, state: FleetState) => {
    if (!wanted.has(event.position) && !isAbout(event, state, ask)) return;
    found.set(event.position, { event, cause: causeOf(event, state) });
    if (found.size > keptMax) dropOldest(found, wanted);
  };
  const start = await startFor(options, from - 1);
  await replay(source, {
    from,
    to,
    onBefore,
    signal,
    ...(progress === undefined ? {} : { progress }),
    ...(start === undefined ? {} : { start }),
  });
  return found;
}

function dropOldest(found: Map<Position, Step>, wanted: ReadonlySet<Position>): void {
  for (const position of found.keys()) {
    if (wanted.has(position)) continue;
    found.delete(position);
    return;
  }
}
