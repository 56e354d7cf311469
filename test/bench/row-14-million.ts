/** Row 14: what history costs at a million events: memory of an export, the state of then, and an answer to why. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerId } from '../../schemas/ids.ts';
import { type AsOfOptions, stateAt } from '../../src/audit/as-of.ts';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import { why } from '../../src/audit/why.ts';
import { FleetFold } from '../../src/coordinator/fleet-fold.ts';
import { emptyState } from '../../src/domain/fleet-state.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { keep } from '../../src/snapshots/shelf.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { compare, measured, type Sample, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import type { Line, Row } from './report.ts';
import { emptyLog, fillLog, type SampleLog } from './sample-log.ts';

const million = 1_000_000;
const servers = 1_000;
const betweenSnapshots = 30_000;
/** More than the reader keeps ahead (some 32 MB), and well below the million: whatever grows with the log shows. */
const few = 300_000;
const signal = new AbortController().signal;

async function atAMillion(): Promise<Line[]> {
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return [{ status: 'not measured', what: 'a million events', why: nats.why }];
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  try {
    const [long, short] = [await emptyLog(bus, 'LONG'), await emptyLog(bus, 'SHORT')];
    await fillLog(long, { events: million, servers });
    await fillLog(short, { events: few, servers });
    await bus.ensureBucket({ bucket: 'LONG', replicas: 1, maxBytes: 1024 ** 3 });
    const options: AsOfOptions = {
      source: liveSource(long.log, long.stream),
      live: { log: long.log, bucket: bus.objects('LONG') },
      signal,
    };
    await keepSnapshots(long, bus.objects('LONG'));

    const path = join(folder, 'log.ndjson.gz');
    const exporting = (name: string, { log, stream }: SampleLog): Side => ({
      name,
      unit: 'MB at the most',
      run: () => {
        const operations = stream === 'LONG' ? million : few;
        return peak(
          () => exportLog(liveSource(log, stream), { path, fleet: null, clock: systemClock, signal }),
          operations,
        );
      },
    });
    const memory: Line = {
      status: 'measured',
      what: 'memory that exporting 1,000,000 events takes : 300,000',
      comparison: await compare(exporting('1,000,000', long), exporting('300,000', short)),
      target: { sense: 'at most', ratio: 1.25 },
      durability,
      note: 'heap and buffers of the whole process at their highest while it is written; without --expose-gc garbage counts',
    };

    const timed = (name: string, work: () => Promise<unknown>): Side => ({
      name,
      unit: 'ms',
      run: async () => {
        const { wallMs, cpuMicroseconds } = await measured([server.pid], async () => void (await work()));
        return { value: wallMs, operations: 1, cpuMicroseconds };
      },
    });
    const fold = timed('fold from zero', () => replay(options.source, { signal }));
    let asked = 0;
    const at = timed('--at, from the nearest snapshot', async () => {
      asked += 1;
      const position = Math.round(million * ((asked * 0.381966) % 1)) + 1;
      const moment = await stateAt(options, { position });
      if (moment.position !== position) throw new Error(`answered for ${moment.position}, not ${position}`);
    });
    const told = timed('why server, whose story begins with the log', async () => {
      const { steps } = await why(options, { kind: 'server', server: 's7' as ServerId });
      if (steps.length === 0) throw new Error('nothing was told');
    });
    const lines: Line[] = [];
    for (const [what, subject, ratio] of [
      ['the state at any position of 1,000,000 : fold from zero', at, 0.1],
      ['why, from 1,000,000 events : fold from zero', told, 1.5],
    ] as const) {
      const target = { sense: 'at most', ratio } as const;
      const note = `a snapshot every ${betweenSnapshots} events, thinned as a leader does`;
      lines.push({ status: 'measured', what, comparison: await compare(subject, fold), target, durability, note });
    }
    await exportLog(options.source, { path, fleet: null, clock: systemClock, signal });
    return [memory, ...lines, await fromFile(path)];
  } finally {
    await bus.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fromFile(path: string): Promise<Line> {
  const per = (name: string, work: () => Promise<unknown>): Side => ({
    name,
    unit: 'events/s',
    run: async () => {
      const { wallMs, cpuMicroseconds } = await measured([], async () => void (await work()));
      return { value: million / (wallMs / 1_000), operations: million, cpuMicroseconds };
    },
  });
  const source = exportFile(path);
  const subject = per('replay from the file', () => replay(source, { signal }));
  const floor = per('raw read of the file', async () => {
    for await (const item of source.read({ fromSequence: 1, signal })) if (item.status === 'damaged') throw item;
  });
  return {
    status: 'measured',
    what: 'an export of 1,000,000 replayed, 100 to a record : raw read of the file',
    comparison: await compare(subject, floor),
    target: { sense: 'at least', ratio: 0.5 },
    durability: 'no disk',
    note: 'raw read: decompressed and cut into records, nothing decoded',
  };
}

async function keepSnapshots({ log }: SampleLog, bucket: Parameters<typeof keep>[0]): Promise<void> {
  const fold = new FleetFold({ cursor: emptyCursor, state: emptyState(), logger: silentLogger, onFolded: () => {} });
  const last = await log.lastSequence(10_000);
  const step = Math.round(betweenSnapshots / (million / last));
  for (let sequence = step; sequence < last; sequence += step) {
    await fold.catchUp(log, sequence, signal);
    await keep(bucket, fold);
  }
}

const sampleEveryMs = 250;

/** What is alive at its highest: collected before each look, where the collector may be called (`node --expose-gc`). */
async function peak(work: () => Promise<unknown>, operations: number): Promise<Sample> {
  const used = () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  let highest = used();
  const timer = setInterval(() => {
    highest = Math.max(highest, used());
  }, sampleEveryMs);
  try {
    const { cpuMicroseconds } = await measured([], async () => void (await work()));
    return { value: Math.max(highest, used()) / 1024 ** 2, operations, cpuMicroseconds };
  } finally {
    clearInterval(timer);
  }
}

export const row14: Row = { number: 14, title: 'a million events', run: atAMillion };
