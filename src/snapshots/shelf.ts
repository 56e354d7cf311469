/**
 * Where snapshots stand: a bucket of the object store. A cache: one is used only if the log's record at its sequence
 * has its hash, and deleting all of them changes nothing but time.
 */
import type { LogPort } from '../eventlog/log-port.ts';
import { sameBytes } from '../eventlog/chain.ts';
import { recordHash } from '../eventlog/record-codec.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import { textOf } from '../std/failure.ts';
import { decodeSnapshot, encodeSnapshot, parseSnapshotName, type Restored, snapshotName } from './snapshot.ts';
import { superfluous } from './thinning.ts';

/** A snapshot at most: a hundred thousand servers are about 60 MB. */
const snapshotBytesMax = 512 * 1024 * 1024;
const readTimeoutMs = 60_000;

export interface Shelf {
  readonly bucket: Pick<ObjectBucket, 'get' | 'list'>;
  readonly log: Pick<LogPort, 'get'>;
  /** Told of each snapshot that could not be used, and why. */
  readonly onPassedOver: (name: string, reason: string) => void;
}

/** The newest snapshot at or below the position (default: of all) that the log confirms. */
export async function nearest(shelf: Shelf, atMost = Number.POSITIVE_INFINITY): Promise<Restored | undefined> {
  const names = (await shelf.bucket.list())
    .map(({ name }) => name)
    .filter((name) => (parseSnapshotName(name)?.position ?? Number.POSITIVE_INFINITY) <= atMost)
    .sort();
  for (const name of names.reverse()) {
    try {
      const restored = await readSnapshot(shelf.bucket, name);
      const record = await shelf.log.get(restored.cursor.sequence, readTimeoutMs);
      if (record !== undefined && sameBytes(recordHash(record.data), restored.cursor.hash)) return restored;
      shelf.onPassedOver(name, 'the log does not confirm it');
    } catch (error) {
      shelf.onPassedOver(name, textOf(error));
    }
  }
  return undefined;
}

/** One snapshot by its name, as it is stored: whether the log confirms it is the caller's to ask. */
export async function readSnapshot(bucket: Pick<ObjectBucket, 'get'>, name: string): Promise<Restored> {
  return decodeSnapshot(await bucket.get(name, { maxBytes: snapshotBytesMax, timeoutMs: readTimeoutMs }));
}

/** Stores a snapshot of the fold and removes those that are too many. */
export async function keep(bucket: ObjectBucket, restored: Restored): Promise<void> {
  await bucket.put(snapshotName(restored.cursor), encodeSnapshot(restored));
  const there = (await bucket.list()).flatMap(({ name, bytes }) => {
    const parsed = parseSnapshotName(name);
    return parsed === undefined ? [] : [{ name, bytes, position: parsed.position }];
  });
  for (const { name } of superfluous(there)) await bucket.remove(name);
}
