/** Row 11: how soon another coordinator leads, and that one which was frozen lands nothing once it is woken. */
import { FleetId } from '../../schemas/ids.ts';
import { defaultTiming } from '../../src/coordinator/timing.ts';
import { jetstreamLog } from '../../src/eventlog/jetstream-log.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { systemClock } from '../../src/std/clock.ts';
import { appendTimeoutMs, readAll } from '../integration/eventlog-leader.ts';
import { type CoordinatorProcess, CoordinatorProcesses } from '../support/coordinator-processes.ts';
import { freezeLeader } from '../support/frozen-leader.ts';
import { openBus, testStream } from '../support/nats-bus.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { ReplicaWatch } from '../support/replica-watch.ts';
import { walk } from '../unit/eventlog-fixtures.ts';
import { compare, type Side } from './harness.ts';
import { LogWatch } from './log-watch.ts';
import { natsAsItComes, natsClusterSyncAlways } from './nats-for-bench.ts';
import type { Durability, Line, Row } from './report.ts';

const fleet = FleetId.parse('main');
const rounds = 100;
/** Longer than the leader's append time-out in every other round: it then wakes up not knowing what became of it. */
const frozenMs = (round: number) => (round % 2 === 0 ? 50 : 600);
const timeoutMs = 60_000;

export const row11: Row = {
  number: 11,
  title: 'failover',
  onlyAs: 'scale',
  async run() {
    const nats = await natsAsItComes();
    if (nats.status === 'missing') return [{ status: 'not measured', what: 'failover', why: nats.why }];
    const { server, durability } = nats;
    const bus = await openBus(server.url, 'bench');
    try {
      const alone = await successions({ bus, url: server.url, replicas: 1, durability });
      return [...alone, ...(await onThree()), await frozen(bus, server)];
    } finally {
      await bus.close();
      await server.stop();
    }
  },
};

async function onThree(): Promise<Line[]> {
  const nats = await natsClusterSyncAlways();
  if (nats.status === 'missing') {
    return [{ status: 'not measured', what: 'failover on three NATS servers', why: nats.why }];
  }
  const { cluster, durability } = nats;
  const bus = await openBus(cluster.url, 'bench');
  try {
    return await successions({ bus, url: cluster.url, replicas: cluster.servers.length, durability });
  } finally {
    await bus.close();
    await cluster.stop();
  }
}

interface Successions {
  readonly bus: Bus;
  readonly url: string;
  /** As many as there are servers. */
  readonly replicas: number;
  readonly durability: Durability;
}

async function successions({ bus, url, replicas, durability }: Successions): Promise<Line[]> {
  const { missedBeatMs, leaderBeatMs } = defaultTiming(replicas);
  const on = replicas === 1 ? 'one NATS server' : `${replicas} NATS servers`;
  const processes = new CoordinatorProcesses({ url, fleets: [fleet], timing: {}, replicas });
  const watch = new ReplicaWatch(bus, 3 * leaderBeatMs);
  let log: LogWatch | undefined;
  try {
    let count = 0;
    const start = (): Promise<CoordinatorProcess> => {
      count += 1;
      return processes.start(`c${count}`);
    };
    let leader = await start();
    await watch.untilLeads(fleet, leader.instance);
    log = new LogWatch(bus, fleet);
    const events = log;
    const after = (name: string, signal: 'SIGKILL' | 'SIGTERM'): Side => ({
      name,
      unit: 'ms',
      async run() {
        const next = await start();
        await watch.untilStandsBy(fleet, next.instance);
        const elected = events.until(
          ({ type, data }) => type === 'coordinator.elected' && 'instance' in data && data.instance === next.instance,
          { what: 'the next one to append', timeoutMs },
        );
        const beganAt = performance.now();
        const gone = leader.kill(signal);
        await elected;
        const value = performance.now() - beganAt;
        await gone;
        leader = next;
        return { value, operations: 1, cpuMicroseconds: 0 };
      },
    });
    const missed: Side = {
      name: `missed-beat time, ${on}`,
      unit: 'ms',
      run: async () => ({ value: missedBeatMs, operations: 1, cpuMicroseconds: 0 }),
    };
    const line = async (what: string, subject: Side, ratio: number): Promise<Line> => {
      const comparison = await compare(subject, missed);
      return { status: 'measured', what, comparison, target: { sense: 'at most', ratio }, durability };
    };
    return [
      await line(
        `${on}: kill -9 of the leader to the first append of the next : missed-beat time`,
        after('kill -9 to the first append', 'SIGKILL'),
        1.3,
      ),
      await line(
        `${on}: clean hand-over to the first append of the next : missed-beat time`,
        after('SIGTERM to the first append', 'SIGTERM'),
        0.1,
      ),
    ];
  } finally {
    await log?.stop();
    watch.stop();
    await processes.stop();
  }
}

/** Each round on a log of its own: none makes the next one's longer to read. */
async function frozen(bus: Bus, { url }: NatsServer): Promise<Line> {
  let stale = 0;
  let inDoubt = 0;
  for (let round = 0; round < rounds; round += 1) {
    const stream = `frozen-${round}`;
    const subject = `${stream}.records`;
    await bus.ensureStream(testStream(stream, { subjects: [subject], denyDelete: true, denyPurge: true }));
    const port = jetstreamLog({ bus, stream, subject, clock: systemClock });
    const { old, next } = await freezeLeader({ url, stream, port, round, frozenMs: frozenMs(round) });
    if (old.ended !== 'not-leader' || next.durable === 0) {
      throw new Error(`round ${round} proved nothing: ${JSON.stringify({ old, next })}`);
    }
    const log = walk(await readAll(port));
    if (log.broken !== undefined) throw new Error(`round ${round}: the chain is broken: ${JSON.stringify(log.broken)}`);
    const from = log.records.findIndex(({ term }) => term >= next.term);
    stale += log.records.slice(from).filter(({ writer }) => writer === old.instance).length + log.voidSequences.length;
    inDoubt += frozenMs(round) > appendTimeoutMs ? 1 : 0;
    await bus.removeStream(stream);
  }
  const what = 'stale appends accepted, the old leader frozen in mid-append and woken';
  const figures = [
    `${stale} in ${rounds} rounds, ${inDoubt} of them past its append's time-out; target exactly 0: ${stale === 0 ? 'met' : 'MISSED'}`,
  ];
  return { status: 'stated', what, figures };
}
