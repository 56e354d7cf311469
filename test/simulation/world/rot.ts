/** A disk that rots: a bit of the log flips while nobody runs, and whoever reads it again must stop, and say where. */
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import { fleet } from './stage.ts';
import type { World } from './world.ts';

/** For every coordinator to have read the log again. */
const foundWithinMs = 20_000;

/**
 * Everybody reads from the beginning, without snapshots. Not the last record: nothing stands behind it yet that names its
 * hash, so what proves it is a checkpoint, or somebody's mark.
 */
export async function rot(world: World): Promise<void> {
  const { nats, scheduler, coordinators, story } = world;
  const names = streamNames(fleet);
  const log = nats.streams.get(names.log);
  if (log === undefined || log.lastSequence < 2) return;
  const chance = world.chance.fork('rot');
  for (const seat of coordinators) seat.crash();
  nats.objectsByBucket.get(names.snapshots)?.clear();
  const kept = log.history[chance.whole(0, log.lastSequence - 2)];
  if (kept === undefined) return;
  const { sequence, data } = kept;
  const at = chance.whole(0, data.length - 1);
  data[at] = (data[at] ?? 0) ^ (1 << chance.whole(0, 7));
  story.tell('FAULT', `a bit flips in record ${sequence}`);
  for (const seat of coordinators) seat.start();
  const isFound = () => coordinators.every(({ verdict }) => verdict !== undefined);
  await scheduler.run(scheduler.now + foundWithinMs, () => isFound() || story.failure !== undefined);
  // The record itself where it cannot be read; else the next one, which names another hash.
  const words = new RegExp(`sequence (${sequence}|${sequence + 1}):`);
  for (const { name, verdict } of coordinators) {
    if (verdict?.code === 'log-broken' && words.test(verdict.message)) continue;
    story.fail(`a bit of record ${sequence} flipped, and ${name} says ${verdict?.code} ${verdict?.message}`);
  }
}
