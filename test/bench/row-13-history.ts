/**
 * Row 13: how quick history is folded beside how quick it is read: what `--at`, `diff` and `audit verify` stand on. Half
 * the speed of the reading makes a third of it for both together, one after the other, which is what row 4 asks for.
 */
import { type LogSource, liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import type { StoredRecord } from '../../src/eventlog/log-port.ts';
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
  /** Both together are measured too. */
  readonly isReplayed?: boolean;
}

async function history({ what: log, events, fill, note: more, isReplayed = false }: History): Promise<Line[]> {
  const folded = `history folded, ${log} : raw read`;
  const replayed = `history read and folded, ${log} : raw read by the same consumer`;
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return [{ status: 'not measured', what: folded, why: nats.why }];
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  try {
    const sample = await emptyLog(bus, 'HISTORY');
    await fill(sample, bus);
    const last = await sample.log.lastSequence(10_000);
    const signal = new AbortController().signal;
    const side = (name: string, work: () => Promise<void>): Side => ({
      name,
      unit: 'events/s',
      async run() {
        const { wallMs, cpuMicroseconds } = await measured([server.pid], work);
        return { value: events / (wallMs / 1_000), operations: events, cpuMicroseconds };
      },
    });
    const replaying = (name: string, source: LogSource) =>
      side(name, async () => {
        const { position } = await replay(source, { signal });
        if (position !== events) throw new Error(`replayed to ${position}, not ${events}`);
      });
    const records: StoredRecord[] = [];
    const read = async (each: (record: StoredRecord) => void) => {
      for await (const record of bus.read({ stream: sample.stream, fromSequence: 1, signal })) {
        each(record);
        if (record.sequence === last) break;
      }
    };
    await read(({ sequence, data, pending }) => records.push({ sequence, data, pending }));
    const floor = side('raw read', () => read(() => undefined));
    const counted = `${events} events in ${last} records; raw read: our own bus.read, nothing decoded`;
    const note = more === undefined ? counted : `${counted}. ${more}`;
    const line = async (what: string, subject: Side, ratio: number): Promise<Line> => {
      const target = { sense: 'at least', ratio } as const;
      return { status: 'measured', what, comparison: await compare(subject, floor), target, durability, note };
    };
    const foldWork = 'audit replay of records in memory: decode, chain, schema, fold';
    const lines = [await line(folded, replaying(foldWork, inMemory(records)), 0.5)];
    if (isReplayed) {
      const source = liveSource(sample.log, sample.stream);
      lines.push(await line(replayed, replaying('audit replay: read, decode, chain, schema, fold', source), 0.35));
    }
    return lines;
  } finally {
    await bus.close();
    await server.stop();
  }
}

function inMemory(records: readonly StoredRecord[]): LogSource {
  return {
    name: 'records in memory',
    async *read() {
      for (const stored of records) yield { status: 'record', stored };
    },
  };
}

/** Reading counts records, folding counts events: a log written at leisure and one written under load are the two ends. */
function evenly(eventsPerRecord: number, events: number): Promise<Line[]> {
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
  isReplayed: true,
};

export const row13: Row = {
  number: 13,
  title: 'history',
  run: async () => [...(await history(asWritten)), ...(await evenly(1, 50_000)), ...(await evenly(100, 300_000))],
};
