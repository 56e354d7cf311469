/** The whole log of a fleet, read and checked link by link: what is true whatever anybody was told. */
import type { Event } from '../../schemas/events.ts';
import type { FleetId } from '../../schemas/ids.ts';
import type { Record } from '../../schemas/record.ts';
import { subjects } from '../../schemas/subjects.ts';
import { emptyCursor, follow } from '../../src/eventlog/chain.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { systemClock } from '../../src/std/clock.ts';

export interface WholeLog {
  readonly records: readonly Record[];
  readonly events: readonly Event[];
}

/** Throws where a link is broken, or where a record landed that a fence should have kept out. */
export async function readWholeLog(bus: Bus, fleet: FleetId): Promise<WholeLog> {
  const log = jetstreamLog({ bus, stream: streamNames(fleet).log, subject: subjects.log(fleet), clock: systemClock });
  const lastSequence = await log.lastSequence(10_000);
  const records: Record[] = [];
  const stopped = new AbortController();
  let cursor = emptyCursor;
  if (lastSequence === 0) return { records, events: [] };
  for await (const stored of log.read({ fromSequence: 1, signal: stopped.signal })) {
    const followed = follow(cursor, stored);
    if (followed.status === 'broken') {
      const text = Buffer.from(stored.data).toString('latin1');
      throw new Error(`record ${stored.sequence} is broken: ${followed.reason}; it is ${JSON.stringify(text)}`);
    }
    if (followed.status === 'void') throw new Error(`record ${stored.sequence} is void`);
    cursor = followed.cursor;
    records.push(followed.record);
    if (stored.sequence >= lastSequence) stopped.abort();
  }
  return { records, events: records.flatMap(({ events }) => events) };
}
