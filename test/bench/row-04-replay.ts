/** Row 4: what decoding, checking the chain, de-duplication and the fold leave of the speed of reading. */
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { FleetFold } from '../../src/coordinator/fleet-fold.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { compare, measured, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';
import { emptyLog, fillLog } from './sample-log.ts';

const servers = 1_000;

/**
 * A log written under load holds many events a record, one written at leisure holds one: reading counts records,
 * folding counts events, so the ratio hangs on which it is, and both are shown.
 */
async function replay({ events, eventsPerRecord }: { events: number; eventsPerRecord: number }): Promise<Line> {
  const what = `replay with the full fold, ${eventsPerRecord} to a record : raw read by the same consumer`;
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return { status: 'not measured', what, why: nats.why };
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  try {
    const sample = await emptyLog(bus, 'REPLAY');
    await fillLog(sample, { events, servers, eventsPerRecord });
    const last = await sample.log.lastSequence(10_000);
    const signal = new AbortController().signal;
    const rate = (wallMs: number, cpuMicroseconds: number) => ({
      value: events / (wallMs / 1_000),
      operations: events,
      cpuMicroseconds,
    });
    const subject: Side = {
      name: 'decode, chain check, de-duplication, fold',
      unit: 'events/s',
      async run() {
        const fold = new FleetFold({
          cursor: emptyCursor,
          state: emptyState(),
          logger: silentLogger,
          onFolded: () => {},
        });
        const { wallMs, cpuMicroseconds } = await measured([server.pid], () => fold.catchUp(sample.log, last, signal));
        if (fold.state.position !== events) throw new Error(`folded to ${fold.state.position}, not ${events}`);
        return rate(wallMs, cpuMicroseconds);
      },
    };
    const floor: Side = {
      name: 'raw read',
      unit: 'events/s',
      async run() {
        const { wallMs, cpuMicroseconds } = await measured([server.pid], async () => {
          for await (const { sequence } of bus.read({ stream: sample.stream, fromSequence: 1, signal })) {
            if (sequence === last) break;
          }
        });
        return rate(wallMs, cpuMicroseconds);
      },
    };
    const note = `${events} events in ${last} records; raw read: our own bus.read, nothing decoded`;
    const target = { sense: 'at least', ratio: 0.35 } as const;
    return { status: 'measured', what, comparison: await compare(subject, floor), target, durability, note };
  } finally {
    await bus.close();
    await server.stop();
  }
}

export const row04: Row = {
  number: 4,
  title: 'replay',
  run: async () => [
    await replay({ events: 50_000, eventsPerRecord: 1 }),
    await replay({ events: 300_000, eventsPerRecord: 100 }),
  ],
};
