/**
 * Everything that is played with, started: three NATS servers as one cluster, three coordinators, five gateways in two
 * groups, HAProxy with its pool sync, each on a host of its own where hosts can be had.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandPayload, CommandType } from '../../schemas/commands.ts';
import { FleetId, type GroupName, type ServerId } from '../../schemas/ids.ts';
import { connectMuster, type Muster } from '../../src/client/index.ts';
import type { Bus } from '../../src/nats/bus.ts';
import { eventually } from '../support/eventually.ts';
import { type FleetProcesses, startFleet } from '../support/fleet-processes.ts';
import { openBus } from '../support/nats-bus.ts';
import { type NatsCluster, startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { debianProgram } from '../support/nats-versions.ts';
import { ReplicaWatch } from '../support/replica-watch.ts';
import { BalancerWatch } from './balancer-watch.ts';
import { type Hosts, openHosts } from './hosts.ts';
import { Seat } from './seat.ts';

export const fleetId = FleetId.parse('main');
export const groups = ['edge', 'inner'] as const satisfies readonly string[];
export type Group = (typeof groups)[number];
export const projects = ['hello', 'orders'] as const;
export const natsNames = ['n0', 'n1', 'n2'] as const;
export const coordinatorNames = ['c1', 'c2', 'c3'] as const;
export const gatewayNames = ['gw1', 'gw2', 'gw3', 'gw4', 'gw5'] as const;
/** The pool sync; HAProxy itself is on its host too, and nobody touches it. */
export const balancerName = 'haproxy';

const firstMembers: Readonly<Record<Group, readonly string[]>> = { edge: ['gw1', 'gw2', 'gw3'], inner: ['gw4', 'gw5'] };
/** Longer than anything that may hold up the balancer's receipts: a drain ends by them, not by its deadline. */
const drainTimeoutMs = 180_000;
/** A dozen processes start at once on a busy machine. */
const startTimeoutMs = 60_000;
/** Beats come once a second. */
const beatFreshMs = 3_000;

export interface Stage {
  readonly hosts: Hosts;
  readonly cluster: NatsCluster;
  readonly fleet: FleetProcesses;
  /** Whoever plays speaks with this one; what was asked to begin with was asked by another. */
  readonly muster: Muster;
  /** Speaks to the whole cluster, and is never cut off. */
  readonly bus: Bus;
  readonly replicas: ReplicaWatch;
  readonly balancerWatch: BalancerWatch;
  readonly nats: readonly Seat[];
  readonly coordinators: readonly Seat[];
  readonly gateways: readonly Seat[];
  readonly sync: Seat;
  /** The coordinator that is heard to lead, or was the last. */
  leader(): Seat;
  standbys(): readonly Seat[];
  /** The project of this version as a folder. */
  projectFolder(project: string, version: string): string;
  stop(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const found = debianProgram('nats-2.10');
  if (found.status === 'missing') throw new Error(`chaos needs nats-server 2.10: ${found.why}`);
  const hosts = openHosts([...natsNames, ...coordinatorNames, ...gatewayNames, balancerName]);
  const places = natsNames.map((name) => hosts.placeOf(name));
  const cluster = await startNatsCluster({ program: found.path, jetstream: 'sync_interval: always', places });
  const [first] = cluster.servers as [NatsServer];
  const monitors = cluster.monitorUrls.join(',');
  const fleet = await startFleet({
    nats: { ...first, url: cluster.url },
    placeOf: (name) => hosts.placeOf(name),
    coordinatorWords: ['--replicas', '3', '--nats-monitor', monitors, '--key', 'fleet.pem'],
  });
  try {
    return await seat({ hosts, cluster, fleet });
  } catch (error) {
    await fleet.stop();
    await cluster.stop();
    throw error;
  }
}

async function seat({ hosts, cluster, fleet }: Pick<Stage, 'hosts' | 'cluster' | 'fleet'>): Promise<Stage> {
  // One key for all: whoever leads signs the log, and one public key proves it.
  const made = await fleet.run('audit', 'key', 'fleet');
  if (made.code !== 0) throw new Error(made.err);
  const coordinators: Seat[] = [];
  for (const name of coordinatorNames) coordinators.push(new Seat(name, await fleet.startCoordinator(name)));
  const sync = new Seat(balancerName, await fleet.startBalancer(groups));
  const gateways: Seat[] = [];
  for (const name of gatewayNames) gateways.push(new Seat(name, await fleet.startGateway(name)));
  const muster = await connectMuster({ url: cluster.url, principal: 'player' });
  const bus = await openBus(cluster.url, 'observer');
  const replicas = new ReplicaWatch(bus, beatFreshMs);
  const instanceOf = ({ name }: Seat) =>
    readFileSync(join(fleet.directory, `${name}.log`), 'utf8')
      .match(/"instance":"[0-9a-f]+"/g)
      ?.at(-1);
  let last = coordinators[0] as Seat;
  const leader = () => {
    const [instance] = replicas.leaders(fleetId);
    last = coordinators.find((each) => instanceOf(each) === `"instance":"${instance}"`) ?? last;
    return last;
  };
  const projectFolder = (project: string, version: string) => {
    const folder = join(fleet.directory, 'projects', `${project}-${version}`);
    mkdirSync(folder, { recursive: true });
    const text = `name: ${project}\nroutes:\n  - path: /${project}\n    respond: { body: '${project} ${version}' }\n`;
    writeFileSync(join(folder, 'project.yaml'), text);
    return folder;
  };
  const balancerWatch = new BalancerWatch(join(fleet.directory, balancerName, balancerName), groups);
  const stage: Stage = {
    hosts,
    cluster,
    fleet,
    muster,
    bus,
    replicas,
    balancerWatch,
    nats: cluster.servers.map((server, index) => new Seat(natsNames[index] ?? '', server)),
    coordinators,
    gateways,
    sync,
    leader,
    standbys: () => coordinators.filter((each) => each !== leader()),
    projectFolder,
    async stop() {
      for (const each of [...coordinators, ...gateways, sync]) each.leave();
      await balancerWatch.stop();
      replicas.stop();
      await Promise.all([muster.close(), bus.close()]);
      await fleet.stop();
      if (process.env['DRILL_KEEP'] !== undefined) {
        for (const [index, { storeDirs }] of cluster.servers.entries()) {
          const kept = join(fleet.directory, `store-${natsNames[index]}`);
          for (const storeDir of storeDirs) cpSync(storeDir, kept, { recursive: true });
        }
      }
      await cluster.stop();
    },
  };
  await fill(stage);
  await balancerWatch.start();
  return stage;
}

/** Groups, projects and members, all in traffic. */
async function fill({ fleet, projectFolder }: Stage): Promise<void> {
  const { muster } = fleet;
  const must = async <T extends CommandType>(type: T, payload: CommandPayload<T>) => {
    const outcome = await muster.send(type, payload);
    if (outcome.status !== 'accepted') throw new Error(`${type}: ${JSON.stringify(outcome)}`);
  };
  const untilKnown = async () => {
    const answer = await muster.query('servers', {});
    return answer.status === 'ok' && answer.data.length === gatewayNames.length;
  };
  await eventually(untilKnown, { timeoutMs: startTimeoutMs, what: 'every gateway to register' });
  for (const project of projects) await muster.publishProject(projectFolder(project, '1.0.0'), '1.0.0');
  for (const group of groups) {
    await must('group.create', { group: group as GroupName, policy: { drainTimeoutMs } });
    for (const project of projects) {
      await must('deployment.request', { group: group as GroupName, project, version: '1.0.0' } as never);
    }
    await must('group.set-servers', {
      group: group as GroupName,
      servers: firstMembers[group] as readonly ServerId[] as ServerId[],
    });
  }
  const areReady = async () => {
    const answer = await muster.query('servers', {});
    return answer.status === 'ok' && answer.data.every(({ status }) => status === 'ready');
  };
  await eventually(areReady, { timeoutMs: startTimeoutMs, what: 'every gateway to be ready' });
  for (const group of groups) {
    const answers = async () => (await fetch(`${fleet.origin(group)}/hello`)).ok;
    await eventually(answers, { timeoutMs: startTimeoutMs, what: `${group} to answer` });
  }
}

export function membersAtFirst(): ReadonlyMap<string, Group> {
  return new Map(groups.flatMap((group) => firstMembers[group].map((name) => [name, group] as const)));
}
