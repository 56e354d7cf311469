/** Row 3: what group commit gains over one command a message, though it is fenced and has one append in flight. */
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { unfencedStore } from './floors.ts';
import { compare, measured, type Side } from './harness.ts';
import { type BenchNats, natsAsItComes, natsSyncAlways } from './nats-for-bench.ts';
import { rawNats } from './raw-nats.ts';
import type { Line, Row } from './report.ts';
import { emptyLog, preparedEvents, writerOn } from './sample-log.ts';

const waiting = 512;
const servers = 100;
/** A second or so of each: enough records for the rate to settle. */
const counts = { asItComes: { subject: 100_000, floor: 30_000 }, always: { subject: 60_000, floor: 6_000 } };

async function line(nats: BenchNats, target: number, count: { subject: number; floor: number }): Promise<Line> {
  const what = `appends a promise each, ${waiting} waiting : one command a message, 64 in flight, unfenced`;
  if (nats.status === 'missing') return { status: 'not measured', what, why: nats.why };
  const { server, durability } = nats;
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  const raw = await rawNats(server.url);
  const events = preparedEvents(count.subject, servers);
  const subject: Side = {
    name: 'group-committing appender',
    unit: 'commands/s',
    async run(repetition) {
      const { log } = await emptyLog(bus, `APPENDER_${repetition + 1}`);
      const writer = writerOn(log);
      let position = 0;
      const append = () =>
        new Promise<void>((resolve) => {
          const prepared = events[position];
          if (prepared === undefined) return resolve();
          position += 1;
          writer.add({ ...prepared, onDurable: () => resolve() });
        });
      const worker = async () => {
        while (position < count.subject) await append();
      };
      const { wallMs, cpuMicroseconds } = await measured([server.pid], async () => {
        await Promise.all(Array.from({ length: waiting }, worker));
      });
      await writer.stop();
      return { value: position / (wallMs / 1_000), operations: position, cpuMicroseconds };
    },
  };
  try {
    return {
      status: 'measured',
      what,
      comparison: await compare(subject, unfencedStore(raw, server.pid, events.slice(0, count.floor))),
      target: { sense: 'at least', ratio: target },
      durability,
    };
  } finally {
    await raw.close();
    await bus.close();
    await server.stop();
  }
}

export const row03: Row = {
  number: 3,
  title: 'the group-committing appender',
  run: async () => [
    await line(await natsAsItComes(), 3, counts.asItComes),
    await line(await natsSyncAlways(), 10, counts.always),
  ],
};
