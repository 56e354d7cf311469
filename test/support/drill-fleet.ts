/**
 * What every drill starts from: a coordinator, gateways in one group, a balancer in front of it, projects on all of
 * them; and what a drill asks of it. The balancer's kind is a parameter: nothing here knows what it is.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import type { Event, EventType } from '../../schemas/events.ts';
import { FleetId, type GroupName, type ServerId } from '../../schemas/ids.ts';
import type { GroupPolicyChange } from '../../schemas/policy.ts';
import type { PoolView, ServerView } from '../../schemas/views.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import type { BalancerKind } from './balancer-pids.ts';
import { eventually } from './eventually.ts';
import { type FleetProcess, type FleetProcesses, startFleet } from './fleet-processes.ts';
import { openBus } from './nats-bus.ts';
import { type SteadyLoad, startLoad } from './steady-load.ts';

/** Each kind once. `DRILL_KINDS=envoy,nginx` drills others: three times the time, so not at every run. */
export const balancerKinds = (process.env['DRILL_KINDS'] ?? 'haproxy').split(',') as readonly BalancerKind[];
export const group = 'edge' as GroupName;
/** As long as `/slow` takes to answer: in flight long after whatever is done to its server has begun. */
export const slowMs = 1_500;

const samples = resolve(import.meta.dirname, '../../services/cli/samples');
/**
 * Half of the requests are POSTs: never tried again by a balancer once they were sent. Some 600 a second: many during
 * whatever a drill does, and most of a core is left to do it with.
 */
export const steady = { paths: ['/hello', '/orders'], clients: 16, pauseMs: 20 } as const;
/** Several processes start at once on a busy machine. */
const startTimeoutMs = 30_000;

export interface DrillOptions {
  readonly kind: BalancerKind;
  readonly gateways: readonly string[];
  /** How many of the first join the group. Default: all. */
  readonly joined?: number;
  readonly policy?: GroupPolicyChange;
}

export interface DrillFleet {
  readonly fleet: FleetProcesses;
  coordinator: FleetProcess;
  balancer: FleetProcess;
  readonly gatewayByName: Map<string, FleetProcess>;
  /** Starts the load, and returns once it flows. */
  load(): Promise<SteadyLoad>;
  /** A command that must be accepted; its position. */
  must<T extends CommandType>(type: T, payload: CommandPayload<T>): Promise<number>;
  publish(project: string, version: string, yaml: string): Promise<void>;
  servers(): Promise<readonly ServerView[]>;
  server(name: string): Promise<ServerView>;
  pool(): Promise<PoolView>;
  /** Until every one of these, and nobody else, is ready in the pool, and the balancer has confirmed it. */
  settles(...names: string[]): Promise<void>;
  events<T extends EventType>(type: T): Promise<Event<T>[]>;
  /** The last sequence of every subject of GROUPS and POOLS, but for statuses, which say how things are at the moment. */
  published(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

export async function startDrillFleet({ kind, gateways, joined, policy = {} }: DrillOptions): Promise<DrillFleet> {
  const fleet = await startFleet();
  try {
    return await prepare(await assemble(fleet, kind), { gateways, joined, policy });
  } catch (error) {
    // Nobody else could: whoever asked for it has nothing yet.
    await fleet.stop();
    throw error;
  }
}

async function prepare(
  drill: DrillFleet,
  {
    gateways,
    joined = gateways.length,
    policy,
  }: Required<Omit<DrillOptions, 'kind' | 'joined'>> & { joined: number | undefined },
): Promise<DrillFleet> {
  const { fleet } = drill;
  const started = await Promise.all(gateways.map((name) => fleet.startGateway(name)));
  for (const process of started) drill.gatewayByName.set(process.name, process);
  await eventually(async () => (await drill.servers()).length === gateways.length, {
    timeoutMs: startTimeoutMs,
    what: 'every gateway to register',
  });
  await drill.must('group.create', { group, policy });
  for (const name of ['hello', 'orders']) await fleet.muster.publishProject(resolve(samples, name), '1.0.0');
  await drill.publish('slow', '1.0.0', slowProject);
  for (const project of ['hello', 'orders', 'slow']) {
    await drill.must('deployment.request', { group, project, version: '1.0.0' } as never);
  }
  const members = gateways.slice(0, joined);
  await drill.must('group.set-servers', { group, servers: members as ServerId[] });
  await drill.settles(...members);
  return drill;
}

const slowProject = `name: slow
routes:
  - path: /slow
    respond: { body: done, delayMs: ${slowMs} }
`;

async function assemble(fleet: FleetProcesses, kind: BalancerKind): Promise<DrillFleet> {
  const coordinator = await fleet.startCoordinator();
  const balancer = await fleet.startBalancer([group], kind);
  const ask = <T>(answer: { status: string; data?: T }): T => {
    if (answer.status !== 'ok' || answer.data === undefined) throw new Error(JSON.stringify(answer));
    return answer.data;
  };
  const drill: DrillFleet = {
    fleet,
    coordinator,
    balancer,
    gatewayByName: new Map(),
    async load() {
      const started = startLoad({ origin: fleet.origin(group), ...steady });
      await eventually(() => started.result.requests > 200, { what: 'the load to flow' });
      return started;
    },
    async must(type, payload) {
      const outcome = await fleet.muster.send(type, payload);
      expect(outcome, type).toMatchObject({ status: 'accepted' });
      return outcome.position;
    },
    async publish(project, version, yaml) {
      const folder = join(fleet.directory, 'projects', `${project}-${version}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'project.yaml'), yaml);
      const { outcome } = await fleet.muster.publishProject(folder, version);
      expect(outcome).toMatchObject({ status: 'accepted' });
    },
    servers: async () => ask(await fleet.muster.query('servers', {})),
    server: async (name) => ask(await fleet.muster.query('server', { server: name as ServerId })),
    pool: async () => ask(await fleet.muster.query('pool', { group })),
    async settles(...names) {
      const wanted = names.toSorted().map((name) => `${name} ready`);
      await eventually(
        async () => {
          const { servers, balancers, position } = await drill.pool();
          const there = servers.map(({ server, admin }) => `${server} ${admin}`);
          const members = await drill.servers();
          const behind = members.filter(({ server, status }) => names.includes(server) && status !== 'ready');
          if (there.join() !== wanted.join()) throw new Error(`the pool is ${there.join()}`);
          if (behind.length > 0) throw new Error(behind.map(({ server, status }) => `${server} ${status}`).join());
          return balancers.every(({ applied }) => (applied ?? 0) >= position);
        },
        { timeoutMs: startTimeoutMs, what: `the pool to be ${names.join(', ')}` },
      );
    },
    async events(type) {
      const found: Event[] = [];
      for await (const event of fleet.muster.events({ from: 1, follow: false })) {
        if (event.type === type) found.push(event);
      }
      return found as never;
    },
    published: () => publishedIn(fleet.nats.url),
    stop: () => fleet.stop(),
  };
  return drill;
}

async function publishedIn(url: string): Promise<ReadonlyMap<string, number>> {
  const bus = await openBus(url, 'auditor');
  const names = streamNames(FleetId.parse('main'));
  const sequenceBySubject = new Map<string, number>();
  try {
    for (const stream of [names.groups, names.pools]) {
      const { messages, lastSequence } = await bus.streamStatus(stream);
      if (messages === 0) continue;
      const enough = new AbortController();
      for await (const { subject, sequence } of bus.read({ stream, fromSequence: 1, signal: enough.signal })) {
        if (!subject.endsWith('.status')) sequenceBySubject.set(subject, sequence);
        if (sequence >= lastSequence) enough.abort();
      }
    }
  } finally {
    await bus.close();
  }
  return sequenceBySubject;
}

/** How a request through the balancer ended. */
export async function answer(origin: string, path: string, method = 'GET'): Promise<{ status: number; by: string }> {
  const response = await fetch(new URL(path, origin), { method, signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return { status: response.status, by: response.headers.get('x-muster-server') ?? '' };
}
