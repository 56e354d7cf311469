/** What `wait` waits on: how far a group has come from desired to traffic. Constant size, however large the group. */
import { z } from 'zod';
import { GroupId, Position, ServerId, Stamp } from './ids.ts';

/** Servers, from the log. What each means, how it is entered and how it leaves: src/server-machine/README.md. */
export const serverStatuses = [
  'available',
  'syncing',
  'retrying',
  'ready',
  'cordoned',
  'draining',
  'lost',
  'failed',
] as const;
export const ServerStatus = z.enum(serverStatuses);
export type ServerStatus = z.infer<typeof ServerStatus>;

export const laggardsMax = 20;

export const GroupStatus = Stamp.extend({
  group: GroupId,
  /** Position of the last event that changed what this group shall be. */
  desired: Position,
  /** Members by status; a status without any stands as 0. */
  counts: z.record(ServerStatus, z.int()),
  /**
   * How far each stage has come: every change up to that position is done there. `position` itself when nothing is
   * outstanding. A change at P is in traffic when all three have reached P. Nobody waits for a server that is lost, kept
   * out or has given up: those are counted and named among the laggards, and whoever waits looks there too. No stage
   * hangs on a rollout, which may take days: it is named among the laggards, and who waits for it asks how it ended.
   */
  servers: Position,
  pool: Position,
  balancers: Position,
  /** Each balancer of the group, and the pool position it has confirmed. */
  balancerPositions: z.record(z.string(), Position),
  /** Why the pool is held as it was though servers are lost; null when it is not. */
  held: z.string().nullable(),
  laggards: z.array(z.object({ what: z.string(), server: ServerId.optional(), reason: z.string() })).max(laggardsMax),
});
export type GroupStatus = z.infer<typeof GroupStatus>;
