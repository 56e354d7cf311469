/**
 * What is not as it should be yet, once nothing goes wrong any more: observed against desired, from the leader down to
 * the answer of each gateway. Undefined: all is well.
 */
import type { GroupName } from '../../schemas/ids.ts';
import type { QueryAsk, QueryData, QueryName, ServerView } from '../../schemas/views.ts';
import { coordinatorNames, fleetId, gatewayNames, groups, projects, type Stage } from './stage.ts';

export async function unrestIn(stage: Stage, labelByServer: ReadonlyMap<string, string>): Promise<string | undefined> {
  const unled = unledIn(stage);
  if (unled !== undefined) return unled;
  const servers = await asked(stage, 'servers', {});
  if (servers.length !== gatewayNames.length) return `${servers.length} servers are known`;
  for (const server of servers) {
    const wrong = unsettled(server);
    if (wrong !== undefined) return `${server.server} ${wrong}`;
    const label = labelByServer.get(server.server);
    if (server.labels['turn'] !== label) return `${server.server} is labelled ${server.labels['turn']}, not ${label}`;
  }
  for (const group of groups) {
    const members = servers.filter((server) => server.group === group);
    const wrong = (await unsettledPool(stage, group, members)) ?? (await unsettledRollouts(stage, group));
    if (wrong !== undefined) return `${group}: ${wrong}`;
  }
  return silentGateway(stage, servers);
}

function unledIn({ replicas }: Stage): string | undefined {
  const beats = replicas.of(fleetId);
  const leading = replicas.leaders(fleetId);
  if (beats.length !== coordinatorNames.length) return `${beats.length} coordinators are heard`;
  if (leading.length !== 1) return `${leading.length} coordinators lead`;
  const troubles = beats.flatMap((beat) => beat.troubles);
  return troubles.length === 0 ? undefined : troubles.join('; ');
}

function unsettled({ status, desired, held, failures, inPool, reason }: ServerView): string | undefined {
  if (status !== 'ready') return `is ${status} ${reason}`;
  if (!inPool) return 'is in no pool';
  if (failures.length > 0) return `fails ${JSON.stringify(failures)}`;
  const wanted = textOf(desired);
  return textOf(held ?? []) === wanted ? undefined : `holds ${textOf(held ?? [])}, not ${wanted}`;
}

function textOf(held: readonly { readonly project: string; readonly version: string }[]): string {
  return held
    .map(({ project, version }) => `${project}@${version}`)
    .sort()
    .join(', ');
}

/** The pool of the log, what the balancer has confirmed of it, and what HAProxy itself says that it does. */
async function unsettledPool(stage: Stage, group: string, members: readonly ServerView[]): Promise<string | undefined> {
  const pool = await asked(stage, 'pool', { group: group as GroupName });
  const lines = pool.servers.map(({ server, address, admin }) => `${server} ${address.host}:${address.port} ${admin}`);
  const wanted = members.map(({ server, address }) => `${server} ${address.host}:${address.port} ready`);
  if (lines.sort().join() !== wanted.sort().join()) return `the pool is ${lines.join()}, not ${wanted.join()}`;
  for (const { balancer, applied, error } of pool.balancers) {
    if (error !== null) return `${balancer} says ${error}`;
    if ((applied ?? 0) < pool.position) return `${balancer} has applied ${applied} of ${pool.position}`;
  }
  if (pool.balancers.length !== 1) return `${pool.balancers.length} balancers are known`;
  const running = stage.balancerWatch
    .serversOf(group)
    .map(
      ({ server, address, admin, healthy }) => `${server} ${address.host}:${address.port} ${healthy ? admin : 'down'}`,
    );
  return running.sort().join() === wanted.join() ? undefined : `HAProxy has ${running.join()}, not ${wanted.join()}`;
}

/** A rollout may have halted for what happened to its servers: that is an end. One that runs is none. */
async function unsettledRollouts(stage: Stage, group: string): Promise<string | undefined> {
  const rollouts = await asked(stage, 'rollouts', { group: group as GroupName });
  const running = rollouts.find(({ status }) => status === 'running' || status === 'rolling-back');
  return running === undefined ? undefined : `rollout ${running.rollout} is ${running.status}`;
}

/** Each is asked itself, past every balancer. */
async function silentGateway({ fleet }: Stage, servers: readonly ServerView[]): Promise<string | undefined> {
  for (const { server, desired } of servers) {
    for (const project of projects) {
      const version = desired.find((one) => one.project === project)?.version;
      const url = `${fleet.gatewayOrigin(server)}/${project}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      const text = await response.text();
      if (text !== `${project} ${version}`) return `${server} answers ${response.status} ${text}, not ${version}`;
    }
  }
  return undefined;
}

async function asked<Q extends QueryName>({ fleet }: Stage, name: Q, ask: QueryAsk<Q>): Promise<QueryData<Q>> {
  const answer = await fleet.muster.query(name, ask);
  if (answer.status !== 'ok') throw new Error(`${name}: ${answer.message}`);
  return answer.data;
}
