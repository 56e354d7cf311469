/** Follows which pool of each group is published, by the stream itself: only the leader would know it otherwise. */
import type { FleetId, GroupId } from '../../schemas/ids.ts';
import { PoolRevision } from '../../schemas/pool.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Bus } from '../nats/bus.ts';
import type { Observed } from '../projections/observed.ts';
import { Failure } from '../std/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decodeMessage } from '../wire/message.ts';

export interface FollowPoolsOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly stream: string;
  readonly observed: Observed;
  readonly onRevision?: (group: GroupId) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Until the signal fires. One last value a group is kept in the stream, so a start reads as many as there are groups. */
export async function followPools(options: FollowPoolsOptions): Promise<void> {
  const { bus, fleet, stream, observed, onRevision, logger, signal } = options;
  const filter = subjects.allPoolRevisions(fleet);
  for await (const { subject, data, sequence } of bus.read({ stream, fromSequence: 1, filter, signal })) {
    // A deleted group's tombstone.
    if (data.length === 0) continue;
    try {
      const { group, position } = decodeMessage(PoolRevision, data, 'a pool revision');
      observed.publishedPoolByGroup.set(group, position);
      onRevision?.(group);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      logger.warn({ subject, sequence, reason: error.message }, 'pool revision refused');
    }
  }
}
