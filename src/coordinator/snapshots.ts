/** What a start folds on from: the newest snapshot that the log confirms, else nothing. */
import { emptyState } from '../domain/fleet-state.ts';
import { emptyCursor } from '../eventlog/chain.ts';
import type { LogPort } from '../eventlog/log-port.ts';
import type { ObjectBucket } from '../nats/bus.ts';
import { nearest } from '../snapshots/shelf.ts';
import type { Restored } from '../snapshots/snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';

export { keep } from '../snapshots/shelf.ts';

export interface SnapshotSource {
  readonly bucket: ObjectBucket;
  readonly log: LogPort;
  readonly logger: Logger;
}

/** The newest snapshot that the log confirms, or the empty fold. */
export async function restore({ bucket, log, logger }: SnapshotSource): Promise<Restored> {
  const onPassedOver = (name: string, reason: string) => logger.warn({ name, reason }, 'snapshot passed over');
  return (await nearest({ bucket, log, onPassedOver })) ?? { cursor: emptyCursor, state: emptyState() };
}
