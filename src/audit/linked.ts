/** A source's records, each link of the chain checked. Fails with `log-broken`: what is behind a break is not history. */
import type { Record } from '../../schemas/record.ts';
import { type ChainCursor, emptyCursor, type Followed, follow } from '../eventlog/chain.ts';
import { followHeld, type Held, isHeldAsRead } from '../eventlog/follow-held.ts';
import type { StoredRecord } from '../eventlog/log-port.ts';
import { Failure } from '../std/failure.ts';
import type { Item, LogSource } from './log-source.ts';

export interface Linked {
  readonly stored: StoredRecord;
  readonly record: Record;
  /** `void`: of a closed term. It links, but its events never happened. */
  readonly status: 'linked' | 'void';
  /** Where the chain stands behind it. */
  readonly cursor: ChainCursor;
}

/**
 * How what a source gave follows what was before: as it was delivered, or else as it is held. Throws `unavailable` where
 * what was before is held with other bytes than it was read with: whatever is said of the log then is said of those.
 */
export async function followIn(
  { log }: Pick<LogSource, 'log'>,
  cursor: ChainCursor,
  stored: StoredRecord,
): Promise<Held> {
  const followed = follow(cursor, stored);
  if (followed.status !== 'broken' || log === undefined) return { followed, stored };
  const held = await followHeld({ log, cursor, delivered: stored });
  if (held.followed.status !== 'broken' || (await isHeldAsRead(log, cursor))) return held;
  const message = `record ${cursor.sequence} is held with other bytes than it was read with: read it again`;
  throw new Failure({ code: 'unavailable', retryable: true, message });
}

/** One reading of a source: each item in turn, to the end. */
export class Linking {
  readonly #source: Pick<LogSource, 'name' | 'log'>;
  #cursor: ChainCursor;

  /** `from`: where the chain stands before the first item. */
  constructor(source: Pick<LogSource, 'name' | 'log'>, from: ChainCursor = emptyCursor) {
    this.#source = source;
    this.#cursor = from;
  }

  /** Undefined at the end. A promise only where more than the item is asked for: to await each costs as much as to check it. */
  take(item: Item): Linked | undefined | Promise<Linked | undefined> {
    if (item.status === 'closed') return undefined;
    if (item.status === 'damaged') throw this.#broken(this.#cursor.sequence + 1, item.reason);
    const { stored } = item;
    const followed = follow(this.#cursor, stored);
    return followed.status === 'broken' ? this.#takeHeld(stored) : this.#linked(followed, stored);
  }

  async #takeHeld(delivered: StoredRecord): Promise<Linked> {
    const { followed, stored } = await followIn(this.#source, this.#cursor, delivered);
    if (followed.status === 'broken') throw this.#broken(followed.sequence, followed.reason);
    return this.#linked(followed, stored);
  }

  #linked({ status, record, cursor }: Exclude<Followed, { status: 'broken' }>, stored: StoredRecord): Linked {
    this.#cursor = cursor;
    return { stored, record, status, cursor };
  }

  #broken(sequence: number, reason: string): Failure {
    const message = `${this.#source.name} is broken at sequence ${sequence}: ${reason}; see: muster audit verify`;
    return new Failure({ code: 'log-broken', retryable: false, message });
  }
}
