/**
 * One group's pool: an entry a server, and a revision that closes the set. Whoever reads it applies only when size
 * and digest match, so that a half-read pool is never taken for a small one.
 */
import { z } from 'zod';
import { Address, GroupId, ServerId, Stamp } from './ids.ts';
import { isRevisionSubject } from './subjects.ts';

export const PoolEntry = Stamp.extend({
  group: GroupId,
  server: ServerId,
  address: Address,
  weight: z.int().min(0).max(256),
  /** `gone` is a tombstone: not counted in the revision, purged once every balancer has passed it. */
  admin: z.enum(['ready', 'drain', 'gone']),
});
export type PoolEntry = z.infer<typeof PoolEntry>;

export const PoolRevision = Stamp.extend({
  group: GroupId,
  /** Entries that are not `gone`. */
  size: z.int().min(0),
  /** Sum of those entries' SHA-256 over their stored bytes, modulo 2^256, 64 hex digits: order does not matter. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** The group is no more: nothing is to listen for it. Said until every balancer has confirmed it; its pool was empty. */
  deleted: z.literal(true).optional(),
});
export type PoolRevision = z.infer<typeof PoolRevision>;

/** What a message on a subject of a pool has to be. */
export function poolSchemaOf(subject: string): typeof PoolEntry | typeof PoolRevision {
  return isRevisionSubject(subject) ? PoolRevision : PoolEntry;
}
