/**
 * What was done to the events of a record that is not the one that was written: its bytes do not have their hash, or
 * its line says other events than its bytes. Pure.
 */
import type { Position } from '../../schemas/ids.ts';
import { Failure } from '../std/failure.ts';
import { decode } from '../wire/codec.ts';
import type { Flaw } from './finding.ts';
import type { RecordItem } from './log-source.ts';

export interface Place {
  /** The position the record's first event must have. */
  readonly first: Position;
  /** The first position of the record behind it, where that is known. */
  readonly next?: Position | undefined;
}

export interface ContentFlaw {
  readonly flaw: Extract<Flaw, 'changed' | 'missing' | 'reordered' | 'inserted'>;
  readonly position: Position;
  readonly through: Position;
}

export function contentFlaw({ stored, written }: RecordItem, { first, next }: Place): ContentFlaw {
  const held = eventsIn(() => decode(stored.data, { aliasBinary: true }));
  const told = written === undefined ? undefined : eventsIn(() => ({ events: JSON.parse(written.events) as unknown }));
  const count = next === undefined ? undefined : next - first;
  const through = Math.max(first, first + Math.max(held?.length ?? 0, told?.length ?? 0, count ?? 0) - 1);
  const differs = held === undefined || told === undefined ? -1 : firstDifference(held, told);
  for (const events of [held, told]) {
    const found = events === undefined ? undefined : wrongOrder(events, { first, count });
    if (found === undefined) continue;
    // Where one of the two copies was left alone, the first event in which they differ is the place.
    const position = differs === -1 ? found.position : first + differs;
    return { flaw: found.flaw, position, through: Math.max(through, position) };
  }
  const flaw = held !== undefined && told !== undefined && areShuffled(held, told) ? 'reordered' : 'changed';
  return { flaw, position: first + Math.max(0, differs), through };
}

type Events = readonly unknown[];

/** Positions that are not dense tell by themselves what was done. */
function wrongOrder(events: Events, { first, count }: { first: Position; count: number | undefined }) {
  const positions = events.map(positionOf);
  const there = new Set(positions);
  const wrong = positions.findIndex((position, index) => position !== first + index);
  const expected = count ?? Math.max(positions.length, ...positions.map((position) => position - first + 1));
  const position = first + (wrong === -1 ? Math.min(positions.length, expected) : wrong);
  if (positions.some((one) => !Number.isSafeInteger(one))) return undefined;
  if (positions.length > expected || there.size < positions.length) return { flaw: 'inserted', position } as const;
  for (let one = first; one < first + expected; one += 1) {
    if (!there.has(one)) return there.size < expected ? ({ flaw: 'missing', position: one } as const) : undefined;
  }
  return wrong === -1 ? undefined : ({ flaw: 'reordered', position } as const);
}

function firstDifference(held: Events, told: Events): number {
  const longer = held.length > told.length ? held : told;
  return longer.findIndex((_, index) => JSON.stringify(held[index]) !== JSON.stringify(told[index]));
}

/** The same events in another order, with their positions written anew. */
function areShuffled(held: Events, told: Events): boolean {
  const bare = (events: Events) => events.map((event) => JSON.stringify({ ...(event as object), position: 0 })).sort();
  return held.length > 0 && firstDifference(held, told) !== -1 && bare(held).join('\n') === bare(told).join('\n');
}

function positionOf(event: unknown): number {
  return typeof event === 'object' && event !== null && 'position' in event ? Number(event.position) : Number.NaN;
}

function eventsIn(read: () => unknown): Events | undefined {
  try {
    const { events } = read() as { events?: unknown };
    return Array.isArray(events) ? events : undefined;
  } catch (caught) {
    // Bytes that were changed are as a rule no message any more: then the other copy has to tell.
    if (caught instanceof Failure || caught instanceof SyntaxError || caught instanceof TypeError) return undefined;
    throw caught;
  }
}
