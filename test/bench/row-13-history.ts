/** Row 13: what replaying history leaves of the speed of reading it: what `--at`, `diff` and `audit verify` stand on. */
import { liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { compare, measured, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';
import { liveRecordsNote, storeLiveHistory } from './live-records.ts';
import { emptyLog, fillLog, type SampleLog } from './sample-log.ts';

const servers = 1_000;

interface History {
  readonly what: string;
  readonly events: number;
  readonly fill: (sample: SampleLog, bus: Bus) => Promise<void>;
  readonly note?: string;
}

async function history({ what: log, events, fill, note: more }: History): Promise<Line> {
  const what = `history replayed, ${log} : raw read by the same consumer`;
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return { status: 'not measured', what, why: nats.why };
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  try {
    const sample = await emptyLog(bus, 'HISTORY');
    await fill(sample, bus);
    const last = await sample.log.lastSequence(10_000);
    const signal = new AbortController().signal;
    const source = liveSource(sample.log, sample.stream);
    const side = (name: string, work: () => Promise<void>): Side => ({
      name,
      unit: 'events/s',
      async run() {
        const { wallMs, cpuMicroseconds } = await measured([server.pid], work);
        return { value: events / (wallMs / 1_000), operations: events, cpuMicroseconds };
      },
    });
    const subject = side('audit replay: decode, chain, schema, fold', async () => {
      const { position } = await replay(source, { signal });
      if (position !== events) throw new Error(`replayed to ${position}, not ${events}`);
    });
    const floor = side('raw read', async () => {
      for await (const { sequence } of bus.read({ stream: sample.stream, fromSequence: 1, signal })) {
        if (sequence === last) break;
      }
    });
    const counted = `${events} events in ${last} records; raw read: our own bus.read, nothing decoded`;
    const note = more === undefined ? counted : `${counted}. ${more}`;
    const target = { sense: 'at least', ratio: 0.5 } as const;
    return { status: 'measured', what, comparison: await compare(subject, floor), target, durability, note };
  } finally {
    await bus.close();
    await server.stop();
  }
}

/** Reading counts records, replaying counts events: a log written at leisure and one written under load are the two ends. */
function evenly(eventsPerRecord: number, events: number): Promise<Line> {
  return history({
    what: `${eventsPerRecord} to a record`,
    events,
    fill: (sample) => fillLog(sample, { events, servers, eventsPerRecord }),
  });
}

/** The deciding one: random but legal operation, in records of the sizes that coordinators were seen to write. */
const asWritten: History = {
  what: 'random but legal operation in records as a live coordinator writes them',
  events: 100_000,
  fill: (sample, bus) => storeLiveHistory(sample, bus, 100_000),
  note: liveRecordsNote,
};

export const row13: Row = {
  number: 13,
  title: 'history',
  run: async () => [await history(asWritten), await evenly(1, 50_000), await evenly(100, 300_000)],
};
