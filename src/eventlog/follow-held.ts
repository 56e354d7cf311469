/**
 * A second look at a record that does not link as it was delivered: it is asked of the stream's leader before the log
 * counts as broken, since a server may deliver other bytes than it holds (nats-server pull request 7295).
 */
import { type ChainCursor, type Followed, follow } from './chain.ts';
import type { LogPort, StoredRecord } from './log-port.ts';

/** One answer of the stream's leader. */
const answerTimeoutMs = 5_000;

export interface HeldOptions {
  readonly log: Pick<LogPort, 'get'>;
  readonly cursor: ChainCursor;
  readonly delivered: StoredRecord;
}

export interface Held {
  readonly followed: Followed;
  /** What it was followed by: the record as it is held; as it was delivered, where none is. */
  readonly stored: StoredRecord;
}

/** `broken` where what is held links no better, or nothing is. Throws what `get` throws: without an answer nothing is known. */
export async function followHeld({ log, cursor, delivered }: HeldOptions): Promise<Held> {
  const stored = (await log.get(delivered.sequence, answerTimeoutMs)) ?? delivered;
  return { followed: follow(cursor, stored), stored };
}
