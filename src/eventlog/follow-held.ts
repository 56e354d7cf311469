/**
 * A second look at a record that does not link as it was delivered: it is asked of the stream's leader before the log
 * counts as broken, since a server may deliver other bytes than it holds (nats-server pull request 7295).
 */
import { type ChainCursor, type Followed, follow, sameBytes } from './chain.ts';
import type { LogPort, StoredRecord } from './log-port.ts';
import { recordHash } from './record-codec.ts';

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

/**
 * Whether the record the cursor stands behind is held with the bytes it was read with: what was garbled may have linked,
 * and then it is the next one that does not. True where none is held. Throws what `get` throws.
 */
export async function isHeldAsRead(log: HeldOptions['log'], { sequence, hash }: ChainCursor): Promise<boolean> {
  if (sequence === 0) return true;
  const stored = await log.get(sequence, answerTimeoutMs);
  return stored === undefined || sameBytes(recordHash(stored.data), hash);
}
