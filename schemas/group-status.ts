/** What `wait` waits on: how far a group has come from desired to traffic. Constant size, however large the group. */
import { z } from 'zod';
import { GroupId, Position, ServerId, Stamp } from './ids.ts';

/** Servers, from the log: in no group; bringing it in; could not; in the pool; on its way out. */
export const serverStatuses = ['available', 'syncing', 'failed', 'ready', 'draining'] as const;
export const ServerStatus = z.enum(serverStatuses);
export type ServerStatus = z.infer<typeof ServerStatus>;

export const laggardsMax = 20;

export const GroupStatus = Stamp.extend({
  group: GroupId,
  /** Position of the last event that changed what this group shall be. */
  desired: Position,
  counts: z.object({ syncing: z.int(), failed: z.int(), ready: z.int(), draining: z.int() }),
  /**
   * How far each stage has come: every change up to that position is done there. `position` itself when nothing is
   * outstanding. A change at P is in traffic when all three have reached P.
   */
  servers: Position,
  pool: Position,
  balancers: Position,
  /** Each balancer of the group, and the pool position it has confirmed. */
  balancerPositions: z.record(z.string(), Position),
  laggards: z.array(z.object({ what: z.string(), server: ServerId.optional(), reason: z.string() })).max(laggardsMax),
});
export type GroupStatus = z.infer<typeof GroupStatus>;
