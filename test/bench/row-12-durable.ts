/** Row 12: durable on both sides, an fsync before every answer: what others use for the same purpose. */
import { connectBus } from '../../src/nats/connect.ts';
import { systemClock } from '../../src/std/clock.ts';
import { commandRig } from './command-rig.ts';
import { type Etcd, startEtcd } from './etcd.ts';
import { compare, measured, median, quantile, type Side, withInFlight } from './harness.ts';
import { type BenchNats, natsSyncAlways } from './nats-for-bench.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import type { Line, Row } from './report.ts';
import { emptyLog, preparedEvents, writerOn } from './sample-log.ts';

const inFlight = 64;
const commands = 10_000;
const transactions = 6_000;
const postgresClients = 32;
const postgresSeconds = 3;
const appendsAlone = 500;
const value = Buffer.alloc(250, 'b');
type Started = Extract<BenchNats, { status: 'started' }>;

const whatEtcd = `commands/s at ${inFlight} in flight : etcd fenced transactions at ${inFlight}`;
const whatPostgres = `commands/s at ${inFlight} in flight : PostgreSQL appendToStream at ${postgresClients}`;
const whatWatch = 'append to subscriber p50 : etcd put to watch p50';

function etcdTransactions(etcd: Etcd): Side {
  return {
    name: 'etcd 3.5 fenced transactions',
    unit: 'commands/s',
    async run(repetition) {
      const versions = Array.from({ length: inFlight }, () => 0);
      const free = versions.map((_, key) => key);
      const { wallMs, cpuMicroseconds } = await measured([etcd.pid], () =>
        withInFlight(transactions, inFlight, async () => {
          const key = free.pop() ?? 0;
          await etcd.fencedPut(`r${repetition}-${key}`, versions[key] ?? 0, value);
          versions[key] = (versions[key] ?? 0) + 1;
          free.push(key);
        }),
      );
      return { value: transactions / (wallMs / 1_000), operations: transactions, cpuMicroseconds };
    },
  };
}

function etcdWatch(etcd: Etcd): Side {
  return {
    name: 'etcd put to watch, p50',
    unit: 'ms',
    async run(repetition) {
      let seen: () => void = () => {};
      const key = `watched-${repetition}`;
      await etcd.watch(key, () => seen());
      const latencies: number[] = [];
      const { cpuMicroseconds } = await measured([etcd.pid], async () => {
        for (let index = 0; index < appendsAlone; index += 1) {
          const arrived = new Promise<void>((resolve) => {
            seen = resolve;
          });
          const beganAt = performance.now();
          const stored = etcd.put(key, value);
          await arrived;
          latencies.push(performance.now() - beganAt);
          await stored;
        }
      });
      return { value: quantile(latencies, 0.5), operations: appendsAlone, cpuMicroseconds };
    },
  };
}

function postgresAppends(postgres: Postgres): Side {
  return {
    name: 'PostgreSQL append in the shape of Emmett’s, by pgbench',
    unit: 'commands/s',
    async run(repetition) {
      let appended = { perSecond: 0, count: 0 };
      const { cpuMicroseconds } = await measured([postgres.pid], async () => {
        appended = await postgres.append({ run: repetition + 1, clients: postgresClients, seconds: postgresSeconds });
      });
      return { value: appended.perSecond, operations: appended.count, cpuMicroseconds };
    },
  };
}

/** From `add` to a reader of the stream, which sees only what is stored and synced. */
async function appendToSubscriber({ server, durability }: Started, etcd: Etcd): Promise<Line> {
  const bus = await connectBus({ url: server.url, principal: 'bench', clock: systemClock });
  const events = preparedEvents(appendsAlone, 100);
  const subject: Side = {
    name: 'append to subscriber, p50',
    unit: 'ms',
    async run(repetition) {
      const stop = new AbortController();
      const { stream, log } = await emptyLog(bus, `SUBSCRIBED_${repetition + 1}`);
      const writer = writerOn(log);
      let seen: () => void = () => {};
      const reading = (async () => {
        for await (const _ of bus.read({ stream, fromSequence: 1, signal: stop.signal })) seen();
      })();
      const latencies: number[] = [];
      const { cpuMicroseconds } = await measured([server.pid], async () => {
        for (const event of events) {
          const arrived = new Promise<void>((resolve) => {
            seen = resolve;
          });
          const beganAt = performance.now();
          writer.add(event);
          await arrived;
          latencies.push(performance.now() - beganAt);
          await writer.drained();
        }
      });
      await writer.stop();
      stop.abort();
      await reading;
      return { value: quantile(latencies, 0.5), operations: appendsAlone, cpuMicroseconds };
    },
  };
  try {
    const comparison = await compare(subject, etcdWatch(etcd));
    return { status: 'measured', what: whatWatch, comparison, target: { sense: 'at most', ratio: 0.5 }, durability };
  } finally {
    await bus.close();
  }
}

async function commandsBeside(nats: Started, what: string, floor: Side, note: string): Promise<Line> {
  const rig = await commandRig(nats.server);
  const behind: number[] = [];
  const subject: Side = {
    name: 'coordinator, by request',
    unit: 'commands/s',
    async run() {
      const round = await rig.requests.round({ commands, inFlight });
      // Its syncs are not the other side's business.
      behind.push(await rig.feedCaughtUp());
      return round;
    },
  };
  try {
    const comparison = await compare(subject, floor);
    return {
      status: 'measured',
      what,
      comparison,
      target: { sense: 'at least', ratio: 3 },
      durability: nats.durability,
      note: `${note}. Commands as requests on do; the feed, which syncs once an event, then took ${median(behind).toFixed(1)} s more for ${commands} of them, which is in no figure`,
    };
  } finally {
    await rig.stop();
  }
}

async function besideEtcd(nats: Started): Promise<Line[]> {
  const started = await startEtcd();
  if (started.status === 'missing') {
    return [whatEtcd, whatWatch].map((what) => ({ status: 'not measured', what, why: started.why }));
  }
  const { etcd } = started;
  try {
    const note = 'etcd by gRPC, 64 keys, each transaction fenced by its key’s version';
    return [await commandsBeside(nats, whatEtcd, etcdTransactions(etcd), note), await appendToSubscriber(nats, etcd)];
  } finally {
    await etcd.stop();
  }
}

async function besidePostgres(nats: Started): Promise<Line> {
  const started = await startPostgres();
  if (started.status === 'missing') return { status: 'not measured', what: whatPostgres, why: started.why };
  const { postgres } = started;
  try {
    const note =
      'Not Emmett itself but the transaction it makes, without Node: more than Emmett reaches, so against us';
    return await commandsBeside(nats, whatPostgres, postgresAppends(postgres), note);
  } finally {
    await postgres.stop();
  }
}

export const row12: Row = {
  number: 12,
  title: 'durable on both sides',
  async run() {
    const nats = await natsSyncAlways();
    if (nats.status === 'missing') {
      return [whatEtcd, whatPostgres, whatWatch].map((what) => ({ status: 'not measured', what, why: nats.why }));
    }
    try {
      return [...(await besideEtcd(nats)), await besidePostgres(nats)];
    } finally {
      await nats.server.stop();
    }
  },
};
