/**
 * Reads what a start passed over because a snapshot stood for it, link by link, beside everything else: a cut or a
 * flipped bit there is found now and not by whoever asks for history one day. It does not stop the fleet, whose present
 * the log confirms from the snapshot on.
 */
import { type ChainCursor, emptyCursor, type Followed, follow, sameBytes } from '../eventlog/chain.ts';
import { followHeld, type HeldOptions } from '../eventlog/follow-held.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';

export interface BehindSnapshotOptions {
  readonly log: LogPort;
  /** Where the snapshot stands. */
  readonly snapshot: ChainCursor;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** While the stream's leader does not answer. */
const againEveryMs = 2_000;
/** Records read in one turn of the event loop: about a millisecond's work, so that heartbeats are not kept waiting. */
const recordsPerTurn = 64;

/**
 * What is broken and where; undefined when the log is whole up to the snapshot, or the signal fired. Throws `aborted`
 * where it fired while a record was asked for once more.
 */
export async function brokenBehind(options: BehindSnapshotOptions): Promise<string | undefined> {
  const broken = await firstBreak(options);
  if (broken === undefined) return undefined;
  const what = `the log is broken behind the snapshot at position ${options.snapshot.position}, at ${broken}`;
  return `${what}; keep its streams as they are, and compare with an export: muster audit verify`;
}

async function firstBreak({ log, snapshot, clock, signal }: BehindSnapshotOptions): Promise<string | undefined> {
  if (snapshot.sequence === 0) return undefined;
  const enough = new AbortController();
  let cursor = emptyCursor;
  for await (const stored of log.read({ fromSequence: 1, signal: AbortSignal.any([enough.signal, signal]) })) {
    let followed = follow(cursor, stored);
    if (followed.status === 'broken') followed = await askedAgain({ log, cursor, delivered: stored, clock, signal });
    if (followed.status === 'broken') return `sequence ${followed.sequence}: ${followed.reason}`;
    cursor = followed.cursor;
    if (cursor.sequence >= snapshot.sequence) break;
    if (cursor.sequence % recordsPerTurn === 0) await new Promise<void>((resolve) => clock.soon(resolve));
  }
  enough.abort();
  if (cursor.sequence < snapshot.sequence) return undefined;
  return sameBytes(cursor.hash, snapshot.hash)
    ? undefined
    : `sequence ${cursor.sequence} has another hash than the snapshot`;
}

/** Nobody begins this reading again, so it waits until the stream has a leader. */
async function askedAgain({
  clock,
  signal,
  ...held
}: HeldOptions & Pick<BehindSnapshotOptions, 'clock' | 'signal'>): Promise<Followed> {
  for (;;) {
    try {
      return (await followHeld(held)).followed;
    } catch (error) {
      if (!(error instanceof Failure) || !error.retryable) throw error;
      await pause({ clock, delayMs: againEveryMs, signal });
    }
  }
}
