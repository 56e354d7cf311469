/** A log as it comes to be in operation: random but legal events, in records of the sizes that coordinators were seen to write. */
import type { Bus } from '../../src/nats/bus.ts';
import { randomHistory } from '../support/random-history.ts';
import type { SampleLog } from './sample-log.ts';

/**
 * How many records held so many events in the log of a coordinator on nats-server 2.10.27 with `sync_interval: always`, as
 * production runs: a hundred agents registered and joined, then in 20 s five services changed one server each, without
 * pause but for 20 to 120 ms, and five versions were deployed to all. 1.43 events a record; with the default sync of
 * 2.9.10 it was 1.23.
 */
const recordsByEvents: readonly (readonly [events: number, records: number])[] = [
  [1, 1_381],
  [2, 41],
  [3, 18],
  [4, 12],
  [5, 12],
  [6, 6],
  [7, 3],
  [8, 3],
  [9, 1],
  [10, 4],
  [12, 3],
  [14, 3],
  [15, 2],
  [23, 2],
  [24, 1],
  [25, 2],
  [57, 1],
  [100, 1],
];
export const liveRecordsNote =
  'Sizes of records: as counted in the log of a coordinator with a hundred agents, five services that send commands and five deploys, NATS syncing each write';

const storeTimeoutMs = 10_000;
/** Records on their way at once: they are history, so none is decided on the one before. */
const runRecords = 500;

export async function storeLiveHistory({ subject }: SampleLog, bus: Bus, events: number): Promise<void> {
  const { records } = randomHistory({ seed: 1, events, recordEvents });
  for (let stored = 0; stored < records.length; stored += runRecords) {
    const messages = records.slice(stored, stored + runRecords).map((data) => ({ subject, data }));
    const outcome = await bus.storeRun({ messages, lastSequence: stored, timeoutMs: storeTimeoutMs });
    if (outcome.status !== 'stored') throw new Error(`record ${stored} and on: ${JSON.stringify(outcome)}`);
  }
}

/** How many events a record holds, by a number in [0, 1). */
function recordEvents(random: number): number {
  const all = recordsByEvents.reduce((sum, [, records]) => sum + records, 0);
  let below = 0;
  for (const [events, records] of recordsByEvents) {
    below += records;
    if (random * all < below) return events;
  }
  return 1;
}
