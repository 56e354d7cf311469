/** Row 9: how long after a server's receipt a balancer hears of it, beside what NATS takes for a message there and back. */
import { GroupId, type ServerId, FleetId } from '../../schemas/ids.ts';
import { Directive } from '../../schemas/directive.ts';
import type { Beat, Receipt } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import { decode, encode } from '../../src/wire/codec.ts';
import { eventually } from '../support/eventually.ts';
import { commandRig } from './command-rig.ts';
import { coreRoundTrip } from './floors.ts';
import { compare, measured, quantile, type Side } from './harness.ts';
import { natsAsItComes } from './nats-for-bench.ts';
import { type RawNats, rawNats } from './raw-nats.ts';
import type { Line, Row } from './report.ts';

const fleet = FleetId.parse('main');
const group = GroupId.parse('production');
const what = 'pool revision at a balancer’s subscription, from the server’s receipt : core NATS round trip, p50';
const serversPerRound = 100;
const roundTripsPerRound = 5_000;
/** A join takes milliseconds: past this it will not come. */
const stepTimeoutMs = 10_000;

/** The next message on a subject that is not one already seen; subscribe before what brings it. */
function next(raw: RawNats, subject: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const subscription = raw.connection.subscribe(subject, {
      max: 1,
      callback(error, message) {
        clearTimeout(timer);
        if (error === null) resolve(message.data);
        else reject(error);
      },
    });
    const timer = setTimeout(() => {
      subscription.unsubscribe();
      reject(new Error(`nothing on ${subject} for ${stepTimeoutMs} ms`));
    }, stepTimeoutMs);
  });
}

/** One that is still lost when it joins gets a second directive once it is back, and would have to prove that one. */
async function isAvailable(agent: RawNats, server: ServerId): Promise<boolean> {
  const subject = subjects.query(fleet, 'server');
  const answer = await agent.connection.request(subject, JSON.stringify({ server }), { timeout: stepTimeoutMs });
  return answer.json<{ data?: { status?: string } }>().data?.status === 'available';
}

/** Milliseconds from the receipt of one joining server to the revision that lets it in. */
async function joined(agent: RawNats, balancer: RawNats, server: ServerId): Promise<number> {
  const directed = next(agent, subjects.directive(fleet, group, server));
  // Registered long ago and silent since, it may count as lost: one heartbeat brings it back.
  const unknown = { term: 0, position: 0 };
  const beat: Beat = { server, instance: 'bench', assignment: unknown, directive: unknown, inFlight: 0, healthy: true };
  agent.connection.publish(subjects.beat(fleet, server), encode(beat));
  await eventually(() => isAvailable(agent, server), { what: `server ${server} to be back` });
  const outcome = await agent.connection.request(
    subjects.do(fleet, 'bench' as never, 'server.join'),
    JSON.stringify({ id: `join-${server}`, server, group }),
    { timeout: stepTimeoutMs },
  );
  if (!outcome.string().includes('"accepted"')) throw new Error(`not accepted: ${outcome.string()}`);
  const { log, term, position } = Directive.parse(decode(await directed));
  const receipt: Receipt = {
    log,
    term,
    position,
    server,
    instance: 'bench',
    serving: 'yes',
    projects: [],
    failures: [],
  };
  const revised = next(balancer, subjects.poolRevision(fleet, group));
  await balancer.connection.flush();
  const sentAt = performance.now();
  agent.connection.publish(subjects.receipt(fleet, server), encode(receipt));
  await revised;
  return performance.now() - sentAt;
}

async function poolUpdate(): Promise<readonly Line[]> {
  const nats = await natsAsItComes();
  if (nats.status === 'missing') return [{ status: 'not measured', what, why: nats.why }];
  const { server, durability } = nats;
  try {
    const rig = await commandRig(server, { servers: serversPerRound * 4 });
    const balancer = await rawNats(server.url);
    try {
      // Servers played by a bench send no heartbeats: none of them shall be lost while it runs.
      await rig.raw.connection.request(
        subjects.do(fleet, 'bench' as never, 'group.configure'),
        JSON.stringify({ id: 'long-lease', group, policy: { leaseMs: 3_600_000 } }),
        { timeout: stepTimeoutMs },
      );
      let taken = 0;
      const subject: Side = {
        name: 'receipt to pool revision, p50',
        unit: 'ms',
        async run() {
          const latencies: number[] = [];
          const { cpuMicroseconds } = await measured(rig.pids, async () => {
            for (let count = 0; count < serversPerRound; count += 1) {
              latencies.push(await joined(rig.raw, balancer, `s${taken}` as ServerId));
              taken += 1;
            }
          });
          return { value: quantile(latencies, 0.5), operations: serversPerRound, cpuMicroseconds };
        },
      };
      const comparison = await compare(subject, coreRoundTrip(rig.raw, balancer, server.pid, roundTripsPerRound));
      const note = `The group grows to ${serversPerRound * 4} servers; CPU of the subject is of the whole join, command and directive included`;
      return [{ status: 'measured', what, comparison, target: { sense: 'at most', ratio: 4 }, durability, note }];
    } finally {
      await balancer.close();
      await rig.stop();
    }
  } finally {
    await server.stop();
  }
}

export const row09: Row = { number: 9, title: 'pool update', run: poolUpdate };
