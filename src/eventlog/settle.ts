/**
 * Finds out what became of an append whose outcome is unknown. A late effect may come seconds after the time-out, so
 * waiting proves nothing; a barrier does: a record of ours without events, under the same expectation. Of the two at
 * most one can ever be stored. Acknowledged, it proves that the other never lands; refused, the slot is taken, and
 * what is in it is read from the stream's leader.
 */
import type { Clock } from '../std/clock.ts';
import { backoffMs, type BackoffPolicy } from '../std/backoff.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import { sameBytes } from './chain.ts';
import type { LogPort } from './log-port.ts';

export interface SettleOptions {
  readonly port: LogPort;
  readonly clock: Clock;
  /** The sequence both were sent for: the expectation + 1. */
  readonly slot: number;
  /** The record whose outcome is unknown, and the barrier, as encoded. */
  readonly record: Uint8Array;
  readonly barrier: Uint8Array;
  readonly attemptTimeoutMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export type Settled =
  | { readonly status: 'record' }
  | { readonly status: 'barrier' }
  | { readonly status: 'failed'; readonly failure: Failure };

/** An election takes seconds and refused appends cost old servers: soon at first, then about once a second. */
const again: BackoffPolicy = { firstMs: 50, longestMs: 1_000 };
/** One writer asks, so there is no herd to spread. */
const withoutJitter = 1;

/** Never throws a `Failure`: what cannot be settled is `failed`. */
export async function settle(options: SettleOptions): Promise<Settled> {
  const { clock, deadlineMs, signal, slot } = options;
  const giveUpAt = clock.monotonic() + deadlineMs;
  let last: Failure | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      const settled = await tryOnce(options);
      if (settled !== undefined) return settled;
    } catch (caught) {
      if (!(caught instanceof Failure)) throw caught;
      last = caught;
      // Room is made by people, in their time: whoever leads meanwhile tries again from the log.
      if (caught.code === 'no-room') return { status: 'failed', failure: caught };
    }
    if (signal.aborted || clock.monotonic() >= giveUpAt) return { status: 'failed', failure: unsettled(slot, last) };
    try {
      await pause({ clock, delayMs: backoffMs(again, attempt, withoutJitter), signal });
    } catch (caught) {
      if (!(caught instanceof Failure)) throw caught;
      return { status: 'failed', failure: unsettled(slot, last ?? caught) };
    }
  }
}

/** Undefined: not definite yet. */
async function tryOnce({ port, slot, record, barrier, attemptTimeoutMs }: SettleOptions): Promise<Settled | undefined> {
  const expectedLastSequence = slot - 1;
  const outcome = await port.append({ data: barrier, expectedLastSequence, timeoutMs: attemptTimeoutMs });
  if (outcome.status === 'appended' && outcome.sequence === slot) return { status: 'barrier' };
  const stored = await port.get(slot, attemptTimeoutMs);
  if (stored === undefined) {
    const lastSequence = await port.lastSequence(attemptTimeoutMs);
    return lastSequence < slot - 1 ? { status: 'failed', failure: wentBack(slot - 1, lastSequence) } : undefined;
  }
  if (sameBytes(stored.data, record)) return { status: 'record' };
  if (sameBytes(stored.data, barrier)) return { status: 'barrier' };
  return { status: 'failed', failure: overtaken(slot) };
}

function unsettled(slot: number, cause: Failure | undefined): Failure {
  const reason = cause === undefined ? 'the log gave no definite answer' : cause.message;
  const message = `whether record ${slot} landed could not be settled in time: ${reason}`;
  return new Failure({ code: 'unavailable', retryable: true, message, ...(cause === undefined ? {} : { cause }) });
}

function wentBack(acknowledged: number, lastSequence: number): Failure {
  const message = `the log ends at record ${lastSequence}, but record ${acknowledged} was acknowledged`;
  return new Failure({ code: 'log-broken', retryable: false, message });
}

/** The slot holds somebody else's record. */
export function overtaken(slot: number): Failure {
  const message = `record ${slot} of the log is not ours: another leader has taken over`;
  return new Failure({ code: 'not-leader', retryable: false, message });
}
