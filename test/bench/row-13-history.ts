/** Row 13: what replaying history leaves of the speed of reading it: what `--at`, `diff` and `audit verify` stand on. */
import { liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { compare, measured, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';
import { emptyLog, fillLog } from './sample-log.ts';

const servers = 1_000;

/** Reading counts records, replaying counts events: so both a log written at leisure and one written under load. */
async function history({ events, eventsPerRecord }: { events: number; eventsPerRecord: number }): Promise<Line> {
  const what = `history replayed, ${eventsPerRecord} to a record : raw read by the same consumer`;
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return { status: 'not measured', what, why: nats.why };
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  try {
    const sample = await emptyLog(bus, 'HISTORY');
    await fillLog(sample, { events, servers, eventsPerRecord });
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
    const note = `${events} events in ${last} records; raw read: our own bus.read, nothing decoded`;
    const target = { sense: 'at least', ratio: 0.5 } as const;
    return { status: 'measured', what, comparison: await compare(subject, floor), target, durability, note };
  } finally {
    await bus.close();
    await server.stop();
  }
}

export const row13: Row = {
  number: 13,
  title: 'history',
  run: async () => [
    await history({ events: 50_000, eventsPerRecord: 1 }),
    await history({ events: 300_000, eventsPerRecord: 100 }),
  ],
};
