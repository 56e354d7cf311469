/** Row 5: what a snapshot saves a start, beside folding the whole log. */
import { FleetFold } from '../../src/coordinator/fleet-fold.ts';
import { keep, restore } from '../../src/coordinator/snapshots.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { compare, measured, type Sample, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';
import { betweenEventsMs, emptyLog, fillLog } from './sample-log.ts';

const events = 1_000_000;
const tail = 10_000;
const servers = 10_000;
const what = 'start from a snapshot (10,000 servers) and a tail of 10,000 : full replay of 1,000,000';

async function start(): Promise<Line[]> {
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return [{ status: 'not measured', what, why: nats.why }];
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  const signal = new AbortController().signal;
  try {
    const sample = await emptyLog(bus, 'START');
    await fillLog(sample, { events, servers });
    const { log } = sample;
    const last = await log.lastSequence(10_000);
    await bus.ensureBucket({ bucket: 'START', replicas: 1, maxBytes: 1024 ** 3 });
    const bucket = bus.objects('START');
    const before = new FleetFold({
      cursor: emptyCursor,
      state: emptyState(),
      logger: silentLogger,
      onFolded: () => {},
    });
    const recordsInTail = Math.round(tail / (events / last));
    await before.catchUp(log, last - recordsInTail, signal);
    const left = events - before.state.position;
    await keep(bucket, before);

    const timed = async (open: () => Promise<FleetFold>): Promise<Sample> => {
      const { wallMs, cpuMicroseconds } = await measured([server.pid], async () => {
        const fold = await open();
        await fold.catchUp(log, last, signal);
        if (fold.state.position !== events) throw new Error(`folded to ${fold.state.position}, not ${events}`);
      });
      return { value: wallMs, operations: 1, cpuMicroseconds };
    };
    const options = { logger: silentLogger, onFolded: () => {} };
    const subject: Side = {
      name: 'snapshot and tail',
      unit: 'ms',
      run: () =>
        timed(async () => {
          const restored = await restore({ bucket, log, logger: silentLogger });
          if (restored.cursor.position === 0) throw new Error('the snapshot was not used');
          return new FleetFold({ ...restored, ...options });
        }),
    };
    const floor: Side = {
      name: 'full replay',
      unit: 'ms',
      run: () => timed(async () => new FleetFold({ cursor: emptyCursor, state: emptyState(), ...options })),
    };
    const note = `A tail of ${left} events; a command every ${betweenEventsMs / 1_000} s, so the snapshot holds a window of a day or two of command ids beside ${servers} servers`;
    const target = { sense: 'at most', ratio: 0.05 } as const;
    return [{ status: 'measured', what, comparison: await compare(subject, floor), target, durability, note }];
  } finally {
    await bus.close();
    await server.stop();
  }
}

export const row05: Row = { number: 5, title: 'start', run: start };
