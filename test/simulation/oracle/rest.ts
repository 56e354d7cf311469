/**
 * What is still not as it should be, once nothing goes wrong any more: observed against desired, everywhere. Undefined:
 * all is well.
 */
import type { Assignment, Directive } from '../../../schemas/directive.ts';
import type { GroupId, ServerId } from '../../../schemas/ids.ts';
import { subjects } from '../../../schemas/subjects.ts';
import type { DesiredPool } from '../../../src/balancers/balancer.ts';
import { isInPool } from '../../../src/domain/membership.ts';
import type { Server } from '../../../src/domain/state.ts';
import { streamNames } from '../../../src/nats/stream-definitions.ts';
import { desiredFor } from '../../../src/projections/desired.ts';
import { poolOf } from '../../../src/projections/pool.ts';
import { decode } from '../../../src/wire/codec.ts';
import { badVersion } from '../cast/played-driver.ts';
import { fleet } from '../world/stage.ts';
import type { World } from '../world/world.ts';
import { entryText } from './truth.ts';

export function unrestIn(world: World): string | undefined {
  return (
    unledIn(world) ??
    unansweredIn(world) ??
    first([...world.truth.state.serverById.values()], (server) => unsettledServer(world, server)) ??
    first([...world.truth.state.groupById.keys()], (group) => unsettledPool(world, group))
  );
}

function unledIn({ coordinators, truth }: World): string | undefined {
  const leaders = coordinators.filter(({ coordinator }) => coordinator?.role === 'leader');
  if (leaders.length !== 1) return `${leaders.length} coordinators lead`;
  const behind = coordinators.find(({ coordinator }) => coordinator?.position !== truth.state.position);
  return behind === undefined
    ? undefined
    : `${behind.name} is at ${behind.coordinator?.position}, the log at ${truth.state.position}`;
}

function unansweredIn({ clients }: World): string | undefined {
  const waiting = clients.flatMap(({ asked }) => asked).find(({ fate }) => fate.status === 'waiting');
  return waiting === undefined ? undefined : `${waiting.id} waits for its outcome`;
}

function unsettledServer(world: World, server: Server): string | undefined {
  const { id, member, lost } = server;
  const seat = world.gateways.get(id);
  if (seat?.process === undefined) return undefined;
  if (lost !== null) return `${id} is lost`;
  if (member?.drain != null) return `${id} drains`;
  const assignment = lastOf(world, 'groups', subjects.assignment(fleet, id)) as Assignment | undefined;
  const group = member?.group ?? null;
  if ((assignment?.group ?? null) !== group) return `${id} is told it is in ${assignment?.group}, not in ${group}`;
  const { holdings } = seat.disk;
  if ((holdings.assignment?.group ?? null) !== group) return `${id} believes it is in ${holdings.assignment?.group}`;
  const served = (seat.driver?.served ?? []).map(({ project, version }) => `${project}@${version}`);
  if (group === null) return served.length === 0 ? undefined : `${id} serves ${served.join(' ')} in no group`;
  const desired = desiredFor(world.truth.state, id);
  const wanted = (desired?.projects ?? []).map(({ project, version }) => `${project}@${version}`);
  const isBad = wanted.some((one) => one.endsWith(`@${badVersion}`));
  const directive = lastOf(world, 'groups', subjects.directive(fleet, group, id)) as Directive | undefined;
  if (directive?.position !== desired?.position) {
    return `${id} is told to hold what it should at ${directive?.position}, not at ${desired?.position}`;
  }
  if (isBad) return undefined;
  if (served.sort().join(' ') !== wanted.sort().join(' '))
    return `${id} serves ${served.join(' ')}, not ${wanted.join(' ')}`;
  if (seat.driver?.serving !== desired?.serving) return `${id} is ${seat.driver?.serving}, not ${desired?.serving}`;
  const isKept = member?.cordon != null || member?.failing?.final === true;
  return isInPool(member) || isKept ? undefined : `${id} is not in the pool of ${group}`;
}

function unsettledPool(world: World, group: GroupId): string | undefined {
  const pool = poolOf(world.truth.state, group);
  if (pool === null) return undefined;
  const wanted = textOf(pool.entries);
  const prefix = `muster.${fleet}.pool.${group}.server.`;
  const stream = world.nats.streams.get(streamNames(fleet).pools);
  const standing = (stream?.history ?? []).filter((one) => one.goneAt === undefined && one.subject.startsWith(prefix));
  const published = standing
    .map(({ data }) => decode(data) as never as PoolLine)
    .filter(({ admin }) => admin !== 'gone');
  if (textOf(published) !== wanted)
    return `the pool of ${group} is published as ${textOf(published)}, not as ${wanted}`;
  return first(world.balancers, ({ name, driver, process }) => {
    if (process === undefined) return undefined;
    const held: DesiredPool | undefined = driver?.poolByGroup.get(group);
    if (held === undefined) return `${name} holds no pool of ${group}`;
    return textOf(held.servers) === wanted
      ? undefined
      : `${name} holds ${textOf(held.servers)} of ${group}, not ${wanted}`;
  });
}

type PoolLine = Parameters<typeof entryText>[0] & { readonly server: ServerId };

function textOf(entries: readonly PoolLine[]): string {
  const lines = entries.map((entry) => `${entry.server} ${entryText(entry)}`);
  return lines.length === 0 ? 'nobody' : lines.sort().join(', ');
}

function lastOf({ nats }: World, stream: 'groups', subject: string): unknown {
  const kept = nats.streams.get(streamNames(fleet)[stream])?.lastOf(subject, nats.scheduler.now);
  return kept === undefined || kept.data.length === 0 ? undefined : decode(kept.data);
}

function first<T>(all: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
