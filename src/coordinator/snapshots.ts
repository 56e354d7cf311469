/**
 * Snapshots of the acknowledged fold, so that a start does not fold from zero. A cache: used only if the log's record
 * at its sequence has its hash, and deleting all of them changes nothing but time.
 */
import { z } from 'zod';
import { emptyState } from '../domain/fleet-state.ts';
import { foldVersion } from '../domain/state.ts';
import type { FleetState } from '../domain/state.ts';
import { emptyCursor } from '../eventlog/chain.ts';
import type { ChainCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import { recordHash } from '../eventlog/record-codec.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import { textOf } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { LogId, Position, Term } from '../../schemas/ids.ts';
import { Watermark } from '../../schemas/record.ts';
import { freezeState, thawState } from './frozen-state.ts';

/** Kept beside the newest, in case that one cannot be read. */
const keptSnapshots = 2;
/** A snapshot at most: a hundred thousand servers are about 60 MB. */
const snapshotBytesMax = 512 * 1024 * 1024;
const readTimeoutMs = 60_000;

const Snapshot = z.object({
  foldVersion: z.literal(foldVersion),
  log: LogId,
  term: Term,
  position: Position,
  sequence: z.int(),
  hash: z.string(),
  watermark: Watermark,
  state: z.unknown(),
});

export interface Restored {
  readonly cursor: ChainCursor;
  readonly state: FleetState;
}

export interface SnapshotSource {
  readonly bucket: ObjectBucket;
  readonly log: LogPort;
  readonly logger: Logger;
}

/** The newest snapshot that the log confirms, or the empty fold. */
export async function restore({ bucket, log, logger }: SnapshotSource): Promise<Restored> {
  const names = (await bucket.list()).map((object) => object.name).sort();
  for (const name of names.reverse()) {
    try {
      const bytes = await bucket.get(name, { maxBytes: snapshotBytesMax, timeoutMs: readTimeoutMs });
      const { state, hash: hex, ...head } = Snapshot.parse(JSON.parse(Buffer.from(bytes).toString()));
      const hash = Buffer.from(hex, 'hex');
      const record = await log.get(head.sequence, readTimeoutMs);
      if (record !== undefined && Buffer.compare(recordHash(record.data), hash) === 0) {
        const { log: id, term, position, sequence, watermark } = head;
        return { cursor: { log: id, term, position, sequence, hash, watermark }, state: thawState(state) };
      }
      logger.warn({ name }, 'the log does not confirm this snapshot');
    } catch (error) {
      logger.warn({ name, reason: textOf(error) }, 'snapshot passed over');
    }
  }
  return { cursor: emptyCursor, state: emptyState() };
}

/** Stores a snapshot of the fold and removes all but the newest few. */
export async function keep(bucket: ObjectBucket, { cursor, state }: Restored): Promise<void> {
  const { log, term, position, sequence, watermark } = cursor;
  const hash = Buffer.from(cursor.hash).toString('hex');
  const snapshot = { foldVersion, log, term, position, sequence, hash, watermark, state: freezeState(state) };
  // The name orders by position; the hash keeps two logs' snapshots apart.
  const name = `${String(position).padStart(16, '0')}-${hash.slice(0, 16)}`;
  await bucket.put(name, Buffer.from(JSON.stringify(snapshot)));
  const names = (await bucket.list()).map((object) => object.name).sort();
  for (const old of names.slice(0, -(keptSnapshots + 1))) await bucket.remove(old);
}
