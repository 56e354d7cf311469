/**
 * Why a record does not stand where it should: what is behind it tells. It is only asked once something is wrong, and
 * reads on to the end, holding no more than a record's head.
 */
import { type Event, eventTypes } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { eventVersion } from '../../schemas/upcast.ts';
import { type ChainCursor, sameBytes } from '../eventlog/chain.ts';
import { recordHash } from '../eventlog/record-codec.ts';
import { Failure } from '../std/failure.ts';
import { decode } from '../wire/codec.ts';
import { contentFlaw } from './content.ts';
import { eventsText } from './export-lines.ts';
import type { Finding, Flaw } from './finding.ts';
import type { Item, RecordItem } from './log-source.ts';

export interface Broken {
  /** Where the chain stood before the record before the wrong one, and that record; undefined at the beginning. */
  readonly before: { readonly cursor: ChainCursor; readonly item: RecordItem } | undefined;
  /** Where it stands now: all that the wrong record was checked against. */
  readonly cursor: ChainCursor;
  readonly item: RecordItem;
  /** What `follow` says. */
  readonly reason: string;
  /** What comes behind it. */
  readonly rest: AsyncIterator<Item>;
}

/** Of a record's bytes, what links it. Undefined: they are no record. */
interface Head {
  readonly hash: Uint8Array;
  readonly previousSequence: number;
  readonly previousHash: Uint8Array;
  readonly first: Position;
}

export async function diagnose({ before, cursor, item, reason, rest }: Broken): Promise<Finding> {
  const wrong = headOf(item);
  const behind = await lookBehind(rest, { cursor, wrong });
  const at = (flaw: Flaw, position: Position, through: Position, why = reason, sequence = cursor.sequence + 1) => ({
    flaw,
    position,
    through: Math.max(position, through),
    sequence,
    reason: why,
  });
  const first = cursor.position + 1;
  const inside = (part: RecordItem, place: { cursor: ChainCursor; next: Position | undefined }, why: string) => {
    const found = contentFlaw(part, { first: place.cursor.position + 1, next: place.next });
    return at(found.flaw, found.position, found.through, why, place.cursor.sequence + 1);
  };
  const ownReason = unlikeItself(item);
  if (wrong === undefined || ownReason !== undefined) {
    return inside(item, { cursor, next: behind.nextFirst }, ownReason ?? reason);
  }
  if (linksTo(wrong, cursor)) {
    // It follows the record before it: whoever wrote it knew that record's hash.
    const found = inside(item, { cursor, next: behind.nextFirst }, reason);
    const labelled = item.stored.sequence === cursor.sequence + 1;
    if (!behind.attested || !labelled) return found;
    refuseNewer(item);
    return { ...found, flaw: 'forged', reason: `${reason}; the chain was made anew over it` };
  }
  if (behind.expected) {
    const flaw = behind.predecessor ? 'reordered' : 'inserted';
    return at(flaw, first, flaw === 'inserted' ? first : Math.max(first, wrong.first - 1));
  }
  if (
    before !== undefined &&
    linksTo(wrong, before.cursor) &&
    (behind.attested || !sameBytes(wrong.hash, cursor.hash))
  ) {
    // Two records follow the same one, and this is the one that what is behind it follows.
    const { position, sequence } = before.cursor;
    return at('inserted', position + 1, cursor.position, reason, sequence + 1);
  }
  if (wrong.previousSequence === cursor.sequence) {
    // It names another hash than the record before it has: one of the two was changed.
    const trusted = behind.attested || behind.nothing;
    if (before === undefined || !trusted) return inside(item, { cursor, next: behind.nextFirst }, reason);
    return inside(before.item, { cursor: before.cursor, next: wrong.first }, reason);
  }
  if (wrong.previousSequence > cursor.sequence) return at('missing', first, wrong.first - 1);
  return at('inserted', first, first);
}

/** An event of a later program is no forgery: this one cannot judge it. */
function refuseNewer({ stored }: RecordItem): void {
  const { events } = decode(stored.data) as { events?: unknown };
  for (const event of Array.isArray(events) ? (events as Partial<Event>[]) : []) {
    const { type, version = 0, position } = event;
    if (type !== undefined && eventTypes.includes(type) && version <= eventVersion(type)) continue;
    const message = `event ${position} is a ${type} of version ${version}, which this program does not know: upgrade it`;
    throw new Failure({ code: 'unsupported', retryable: false, message });
  }
}

/** Whether an exported line says something else than its bytes. */
export function unlikeItself({ stored, written }: RecordItem): string | undefined {
  if (written === undefined) return undefined;
  if (Buffer.from(recordHash(stored.data)).toString('hex') !== written.hash) return 'its bytes do not have its hash';
  return eventsText(stored.data) === written.events ? undefined : 'its events are not those of its bytes';
}

interface Behind {
  /** The record that belongs here stands further behind. */
  readonly expected: boolean;
  /** The record that belongs before the wrong one stands further behind. */
  readonly predecessor: boolean;
  /** The very next record follows the wrong one. */
  readonly attested: boolean;
  /** There is no next record. */
  readonly nothing: boolean;
  readonly nextFirst: Position | undefined;
}

async function lookBehind(
  rest: AsyncIterator<Item>,
  { cursor, wrong }: { cursor: ChainCursor; wrong: Head | undefined },
): Promise<Behind> {
  let next: Head | undefined;
  let seen = 0;
  let expected = false;
  let predecessor = false;
  for (let step = await rest.next(); !step.done && step.value.status === 'record'; step = await rest.next()) {
    seen += 1;
    const head = headOf(step.value);
    if (seen === 1) next = head;
    if (head === undefined) continue;
    if (linksTo(head, cursor)) expected = true;
    if (wrong !== undefined && sameBytes(head.hash, wrong.previousHash)) predecessor = true;
  }
  const attested = next !== undefined && wrong !== undefined && sameBytes(next.previousHash, wrong.hash);
  const isNext = next?.previousSequence === cursor.sequence + 1;
  return { expected, predecessor, attested, nothing: seen === 0, nextFirst: isNext ? next?.first : undefined };
}

function linksTo(head: Head, { sequence, hash }: ChainCursor): boolean {
  return head.previousSequence === sequence && sameBytes(head.previousHash, hash);
}

function headOf({ stored }: RecordItem): Head | undefined {
  let raw: Partial<Head> | null;
  try {
    raw = decode(stored.data) as Partial<Head> | null;
  } catch (caught) {
    if (caught instanceof Failure) return undefined;
    throw caught;
  }
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { previousSequence, previousHash, first } = raw;
  if (typeof previousSequence !== 'number' || typeof first !== 'number') return undefined;
  return previousHash instanceof Uint8Array
    ? { hash: recordHash(stored.data), previousSequence, previousHash, first }
    : undefined;
}
