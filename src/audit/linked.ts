/** A source's records, each link of the chain checked. Fails with `log-broken`: what is behind a break is not history. */
import type { Record } from '../../schemas/record.ts';
import { type ChainCursor, emptyCursor, follow } from '../eventlog/chain.ts';
import type { StoredRecord } from '../eventlog/log-port.ts';
import { Failure } from '../std/failure.ts';
import type { LogSource } from './log-source.ts';

export interface Linked {
  readonly stored: StoredRecord;
  readonly record: Record;
  /** `void`: of a closed term. It links, but its events never happened. */
  readonly status: 'linked' | 'void';
  /** Where the chain stands behind it. */
  readonly cursor: ChainCursor;
}

export async function* linked(
  source: LogSource,
  { from = emptyCursor, signal }: { readonly from?: ChainCursor; readonly signal: AbortSignal },
): AsyncGenerator<Linked, void, undefined> {
  let cursor = from;
  for await (const item of source.read({ fromSequence: cursor.sequence + 1, signal })) {
    if (item.status === 'closed') return;
    if (item.status === 'damaged') throw broken(source, cursor.sequence + 1, item.reason);
    const followed = follow(cursor, item.stored);
    if (followed.status === 'broken') throw broken(source, followed.sequence, followed.reason);
    cursor = followed.cursor;
    yield { stored: item.stored, record: followed.record, status: followed.status, cursor };
  }
}

function broken({ name }: LogSource, sequence: number, reason: string): Failure {
  const message = `${name} is broken at sequence ${sequence}: ${reason}; see: muster audit verify`;
  return new Failure({ code: 'log-broken', retryable: false, message });
}
