/** What people and services ask of the fleet in a story: a beginning that makes sense, then anything. */
import type { GroupName, ProjectId, ProjectVersion, ServerId } from '../../../schemas/ids.ts';
import type { ClientSeat } from '../cast/client-seat.ts';
import { badVersion } from '../cast/played-driver.ts';
import type { Chance } from './chance.ts';
import type { World } from './world.ts';

const groups = ['Production', 'Development'] as GroupName[];
const projects = ['orders', 'users'] as ProjectId[];
const versions = ['1.0', '2.0', '3.0'] as ProjectVersion[];
const everyMs = { least: 20, most: 900 } as const;

/** Schedules all wishes up to `until`. */
export function wish(world: World, until: number): void {
  const chance = world.chance.fork('wishes');
  const policy = { drainTimeoutMs: 2_500 };
  for (const [index, group] of groups.entries()) {
    at(world, 600 + index, ({ client }) => client.ask('group.configure', { group, policy }));
  }
  for (const project of projects) at(world, 610, ({ client }) => client.publish(project, '1.0'));
  for (const server of world.gateways.keys()) {
    const group = chance.happens(0.75) ? groups[0] : groups[1];
    at(world, chance.between(700, 2_000), ({ client }) =>
      client.ask('server.join', { server, group: group as GroupName }),
    );
  }
  at(world, 1_200, ({ client }) => {
    client.ask('deployment.request', {
      group: 'Production' as GroupName,
      project: projects[0] as ProjectId,
      version: '1.0' as ProjectVersion,
    });
  });
  for (let when = 2_000; when < until; when += chance.between(everyMs.least, everyMs.most)) {
    const own = chance.fork(`wish ${when}`);
    at(world, when, ({ client }) => anything({ world, client, chance: own }));
  }
}

function at(world: World, when: number, run: (given: { client: ClientSeat }) => void): void {
  const client = world.clients[0] as ClientSeat;
  world.scheduler.at(when, () => run({ client }));
}

interface Given {
  readonly world: World;
  readonly client: ClientSeat;
  readonly chance: Chance;
}

function anything({ world, chance }: Given): void {
  const client = chance.pick(world.clients);
  const server = chance.pick([...world.gateways.keys()]);
  const group = chance.pick(groups);
  const project = chance.pick(projects);
  const version = chance.happens(0.04) ? (badVersion as ProjectVersion) : chance.pick(versions);
  const wishes: readonly (readonly [weight: number, run: () => void])[] = [
    [5, () => client.ask('server.join', { server, group })],
    [3, () => client.ask('server.leave', { server })],
    [4, () => client.ask('server.move', { server, group })],
    [2, () => client.ask('server.configure', { server, weight: chance.whole(1, 256) })],
    [1, () => client.ask('server.cordon', { server })],
    [1, () => client.ask('server.drain', { server })],
    [3, () => client.ask('server.uncordon', { server })],
    [2, () => client.ask('server.retry', { server })],
    [1, () => client.ask('server.replace', { server, by: chance.pick([...world.gateways.keys()]) })],
    [1, () => client.ask('group.set-servers', { group, add: chance.pick([[server], []]), remove: [] as ServerId[] })],
    [4, () => client.publish(project, version)],
    [6, () => client.ask('deployment.request', { group, project, version })],
    [1, () => client.ask('deployment.withdraw', { group, project })],
    [1, () => client.ask('group.create', { group: chance.pick(['Edge', 'Core']) as GroupName })],
    [1, () => client.ask('group.delete', { group: chance.pick(['Edge', 'Core']) as GroupName })],
    [3, () => again(client, chance)],
  ];
  let left = chance.between(
    0,
    wishes.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, run] of wishes) {
    left -= weight;
    if (left < 0) return run();
  }
}

/** Somebody who has an answer, or has given up, asks once more. */
function again(client: ClientSeat, chance: Chance): void {
  const settled = client.asked.filter(({ fate }) => fate.status !== 'waiting');
  const waiting = new Set(client.asked.filter(({ fate }) => fate.status === 'waiting').map(({ id }) => id));
  const free = settled.filter(({ id }) => !waiting.has(id));
  if (free.length > 0) client.repeat(chance.pick(free));
}
