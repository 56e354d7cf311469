/** Any of joining, leaving, moving, draining, deploying, failing, being lost and coming back, during any other. */
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowsLettingGo } from '../../../src/domain/floor.ts';
import { isInPool } from '../../../src/domain/membership.ts';
import { desiredFor } from '../../../src/projections/desired.ts';
import { groupStatus } from '../../../src/projections/group-status.ts';
import { appliedKey } from '../../../src/projections/observed.ts';
import { balancersOf } from '../../../src/projections/balancers.ts';
import type { Rollout, Server } from '../../../src/domain/state.ts';
import type { BalancerId, GroupId, ServerId } from '../../../schemas/ids.ts';
import { badVersion } from './played-agent.ts';
import { PlayedFleet } from './played-fleet.ts';

const servers = ['s1', 's2', 's3', 's4', 's5'] as ServerId[];
const groups = ['production', 'development'] as GroupId[];
const balancers = ['lb1', 'lb2'] as BalancerId[];
const projects = ['orders', 'users'];
/** The third works but where a server refuses it. */
const versions = ['1', '2', '3', badVersion];
const digest = 'a'.repeat(64);
/** Long enough for every lease, drain and try of a run to be over. */
const roundsMax = 400;
/** Rounds without an event until it counts as settled: a second each, more than any lease, drain or deadline. */
const quietMin = 30;

/** What a core walks in some seconds. `MUSTER_WALKS` for more. */
const walks = Number(process.env['MUSTER_WALKS'] ?? 150);
/** In the test's name: a run that is ended while it looks for its shortest failing walk would say of none. */
const seed = Number(process.env['MUSTER_SEED'] ?? randomInt(2 ** 31));

/** Every walk ends with all its deadlines. */
const timeoutMs = 120_000;

const server = fc.constantFrom(...servers);
const group = fc.constantFrom(...groups);
const balancer = fc.constantFrom(...balancers);
const project = fc.constantFrom(...projects);

/** Deadlines within a run: what hangs on one is over before it is looked at whether it is. */
const watched = { minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 25_000, maxUnavailable: 2 };
const rollout = fc
  .record({
    strategy: fc.constantFrom(
      { kind: 'all-at-once' as const },
      { kind: 'rolling' as const, batch: 1 },
      { kind: 'canary' as const, steps: [{ servers: 1, bakeMs: 2_000 }], batch: '50%' },
      { kind: 'canary' as const, steps: [{ servers: 1, pause: true }], batch: 1 },
      { kind: 'blue-green' as const, standby: '50%', keepMs: 3_000 },
    ),
    change: fc.constantFrom('hot' as const, 'drain-first' as const),
    autoRollback: fc.boolean(),
    failuresAllowed: fc.constantFrom(0, 0, 1),
  })
  .map((differs) => ({ ...watched, ...differs }));

type Move = (fleet: PlayedFleet) => void;
interface Named {
  readonly name: string;
  readonly move: Move;
}

function moves<T>(
  name: string,
  given: fc.Arbitrary<T>,
  move: (fleet: PlayedFleet, given: T) => void,
): fc.Arbitrary<Named> {
  return given.map((value) => ({
    name: `${name} ${JSON.stringify(value)}`,
    move: (fleet) => move(fleet, value),
    [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}`,
  }));
}
const commands = (type: string, body: fc.Arbitrary<object>) =>
  moves(type, body, (fleet, given) => fleet.command(type, given));
const ofServer = (type: string) => commands(type, fc.record({ server }));

const asked = fc.oneof(
  { weight: 5, arbitrary: commands('server.join', fc.record({ server, group })) },
  { weight: 3, arbitrary: commands('server.move', fc.record({ server, group })) },
  ...['leave', 'drain', 'cordon', 'uncordon', 'uncordon', 'retire', 'retry'].map((verb) => ofServer(`server.${verb}`)),
  commands('server.replace', fc.record({ server, by: server })),
  commands('server.configure', fc.record({ server, weight: fc.constantFrom(1, 50) })),
  commands('group.set-servers', fc.record({ group, add: fc.uniqueArray(server), remove: fc.constant([]) })),
  {
    weight: 3,
    arbitrary: commands(
      'deployment.request',
      fc.record({ group, project, version: fc.constantFrom(...versions), rollout }),
    ),
  },
  commands(
    'release.request',
    fc.record({
      group,
      projects: fc.constantFrom(
        projects.map((each) => ({ project: each, version: '2' })),
        projects.map((each, index) => ({ project: each, version: index === 0 ? '1' : badVersion })),
      ),
      rollout,
    }),
  ),
  ...['pause', 'resume', 'promote', 'abort', 'retry'].map((verb) =>
    commands(`rollout.${verb}`, fc.record({ group, project })),
  ),
  commands('deployment.rollback', fc.record({ group, project })),
  commands('deployment.withdraw', fc.record({ group, project })),
  { weight: 2, arbitrary: moves('register', server, (fleet, id) => fleet.register(id)) },
  moves('stop', server, (fleet, id) => fleet.command('server.drain', { server: id }, `srv_${id}`)),
);

const happens = fc.oneof(
  { weight: 4, arbitrary: moves('look', server, (fleet, id) => fleet.look(id)) },
  { weight: 4, arbitrary: moves('act', server, (fleet, id) => act(fleet, id)) },
  { weight: 2, arbitrary: moves('plan', group, (fleet, id) => fleet.plan(id)) },
  { weight: 2, arbitrary: moves('publish', group, (fleet, id) => fleet.publishPool(id)) },
  { weight: 2, arbitrary: moves('balance', fc.tuple(balancer, group), (fleet, [id, of]) => fleet.balance(id, of)) },
  { weight: 6, arbitrary: moves('round', fc.constant(null), (fleet) => fleet.round()) },
  moves('time', fc.constantFrom(1_000, 4_000, 9_000), (fleet, ms) => {
    fleet.now += ms;
  }),
  moves('requests', server, (fleet, id) => change(fleet, id, { inFlight: 2 })),
  { weight: 2, arbitrary: moves('silent', server, (fleet, id) => change(fleet, id, { isSilent: true })) },
  { weight: 2, arbitrary: moves('heard', server, (fleet, id) => change(fleet, id, { isSilent: false })) },
  moves('refuses', server, (fleet, id) => change(fleet, id, { refuses: '3' })),
  moves('sick', server, (fleet, id) => change(fleet, id, { isSick: true })),
  moves('well', server, (fleet, id) => change(fleet, id, { isSick: false })),
  moves('restart', server, (fleet, id) => {
    fleet.agents.get(id)?.restart();
    fleet.register(id);
  }),
  moves('balancer silent', balancer, (fleet, id) => fleet.silentBalancers.add(id)),
  moves('balancer heard', balancer, (fleet, id) => fleet.silentBalancers.delete(id)),
  moves('elect', fc.constant(null), (fleet) => fleet.elect()),
);

const sequence = fc.array(fc.oneof({ weight: 2, arbitrary: asked }, { weight: 3, arbitrary: happens }), {
  maxLength: 80,
  size: 'max',
});

function act(fleet: PlayedFleet, id: ServerId): void {
  const agent = fleet.agents.get(id);
  agent?.act(fleet, fleet.observed, fleet.now);
  agent?.beat(fleet.observed, fleet.now);
}

function change(
  fleet: PlayedFleet,
  id: ServerId,
  differs: Partial<{ inFlight: number; isSilent: boolean; isSick: boolean; refuses: string | null }>,
) {
  const agent = fleet.agents.get(id);
  if (agent !== undefined) Object.assign(agent, differs);
}

/** Two balancers, two projects in three versions, and three servers that have just registered. */
function opened(): PlayedFleet {
  const fleet = new PlayedFleet();
  for (const id of balancers) {
    fleet.command('balancer.register', { balancer: id, kind: 'haproxy', groups: 'all' }, `bal_${id}`);
  }
  for (const name of projects) {
    for (const version of versions) fleet.command('project.publish', { project: name, version, digest, bytes: 1 });
  }
  for (const name of groups) {
    const policy = { drainTimeoutMs: 4_000, leaseMs: 5_000, syncsMax: 2, rollout: watched };
    fleet.command('group.configure', { group: name, policy });
    fleet.command('deployment.request', { group: name, project: 'orders', version: '1' });
  }
  for (const id of servers.slice(0, 4)) fleet.register(id);
  return fleet;
}

/** What holds after every step. What holds at a step is asserted where it is taken: see `played-fleet.ts`. */
function check(fleet: PlayedFleet): void {
  for (const id of servers) {
    const known = fleet.state.serverById.get(id);
    const inGroups = [...fleet.state.groupById.values()].filter((each) => each.servers.has(id)).map((each) => each.id);
    expect(inGroups, `${id} is in no group or in one`).toEqual(known?.member == null ? [] : [known.member.group]);
    if (known?.member == null || !isInPool(known.member) || known.member.drain !== null) continue;
    const carried = fleet.carriedByGroup.get(known.member.group) ?? new Set();
    for (const { project: name, version } of fleet.agents.get(id)?.held ?? []) {
      expect(carried, `${id} serves what its group never carried`).toContain(`${name}@${version}`);
    }
  }
}

/** Most random walks would otherwise never leave the door: three servers take traffic. */
function running(): PlayedFleet {
  const fleet = opened();
  for (const id of servers.slice(0, 3)) fleet.command('server.join', { server: id, group: groups[0] });
  for (let round = 0; round < 6; round += 1) fleet.round();
  expect(fleet.state.groupById.get(groups[0] as GroupId)?.servingCount).toBe(3);
  return fleet;
}

/** No further faults: balancers and servers are well again, and whoever is silent comes back or is dead for good. */
function mend(fleet: PlayedFleet, { dead }: { readonly dead: boolean }): void {
  fleet.silentBalancers.clear();
  for (const agent of fleet.agents.values()) {
    Object.assign(agent, { isSilent: dead && agent.isSilent, isSick: false, inFlight: 0 });
  }
}

/** Rounds until enough in a row bring nothing new. */
function settle(fleet: PlayedFleet): void {
  let quiet = 0;
  for (let round = 0; round < roundsMax && quiet < quietMin; round += 1) {
    const { position } = fleet.state;
    fleet.round();
    check(fleet);
    quiet = fleet.state.position === position ? quiet + 1 : 0;
  }
  expect(quiet, 'it settles, and nothing is proposed for ever').toBe(quietMin);
}

function checkSettled(fleet: PlayedFleet): void {
  for (const { id, lostAt } of fleet.state.balancerById.values()) expect(lostAt, `${id} is back`).toBeNull();
  for (const { id, member, lost } of fleet.state.serverById.values()) {
    expect(member?.drain ?? null, `the drain of ${id} is over`).toBeNull();
    expect(lost !== null, `${id} is lost exactly when it is silent`).toBe(fleet.agents.get(id)?.isSilent);
    if (lost !== null) continue;
    if (member === null) {
      expect(fleet.agents.get(id)?.held, `${id} is in no group and holds nothing`).toEqual([]);
      continue;
    }
    const desired = desiredFor(fleet.state, id);
    const receipt = fleet.observed.serverById.get(id)?.receipt;
    expect([receipt?.position, receipt?.serving], `${id} answers`).toEqual([desired?.position, desired?.serving]);
    const wanted = (desired?.projects ?? []).map(({ project: name, version }) => `${name}@${version}`);
    const isBad = desired?.projects.some(({ version }) => fleet.agents.get(id)?.canApply(version) === false) ?? false;
    expect(member.failing?.final ?? false, `${id} has failed exactly what cannot be applied`).toBe(isBad);
    if (isBad) continue;
    const held = (fleet.agents.get(id)?.held ?? []).map(({ project: name, version }) => `${name}@${version}`);
    expect(held.sort(), `${id} holds what it should`).toEqual(wanted.sort());
    expect(member.covers).toBe(desired?.position);
    if (member.cordon === null) expect(isInPool(member), `${id} takes traffic`).toBe(true);
    if (isInPool(member)) expect(member.replaces, `${id} has taken over`).toBeNull();
    if (member.cordon?.drained === true) expect(isInPool(member), `${id} is out`).toBe(false);
  }
  for (const { id } of fleet.state.groupById.values()) checkPool(fleet, id);
}

function checkPool(fleet: PlayedFleet, id: GroupId): void {
  const members = [...fleet.state.serverById.values()].filter(({ member }) => member?.group === id);
  const inPool = members.filter(({ member }) => isInPool(member)).map((each) => each.id);
  for (const each of balancersOf(fleet.state, id)) {
    const spread = fleet.spreadByKey.get(appliedKey(each, id))?.entries ?? [];
    expect(spread.map((entry) => entry.server)).toEqual(inPool.sort());
    expect(spread.every(({ admin }) => admin === 'ready')).toBe(true);
  }
  const { position, servers: upTo, pool, balancers: balanced, held } = groupStatus(fleet.state, fleet.observed, id);
  expect([pool, balanced], `what waits for ${id} is done`).toEqual([position, position]);
  const carried = [...(fleet.state.groupById.get(id)?.deploymentByProject.values() ?? [])];
  const pending = carried.filter(({ succeededAt, rollout: under }) => succeededAt === null && under === null);
  expect(pending, 'what no rollout carries out has succeeded').toEqual([]);
  const heldIds = members.filter(({ member }) => member?.held === true).map((each) => each.id);
  expect(held !== null, `the pool of ${id} is held for ${heldIds}`).toBe(heldIds.length > 0);
  const live = fleet.state.groupById.get(id);
  if (live !== undefined) expect(allowsLettingGo(live, fleet.state.at), `${heldIds} could go`).toBe(false);
  // A rollout that is not over waits for a person, or for a server it may tell.
  const underWay = [...(live?.rolloutById.values() ?? [])];
  for (const rollout of underWay) {
    if (underWay.some(({ status }) => status === 'paused' || status === 'halted')) continue;
    expect(mayBeTold(rollout, members), `rollout ${rollout.id} of ${id} is not ${rollout.status} for ever`).toEqual([]);
  }
  if (underWay.length > 0) return;
  const hasFailed = members.some(({ member }) => member?.failing?.final === true);
  if (!hasFailed && heldIds.length === 0) expect(upTo, `what waits for servers of ${id} is done`).toBe(position);
}

/** A blue-green of a pool needs one to stand by that takes traffic and that no person keeps from coming back. */
function mayBeTold(rollout: Rollout, members: readonly Server[]): ServerId[] {
  const isBlueGreen = rollout.policy.strategy.kind === 'blue-green';
  // Whom a person has taken out meanwhile, or its own stop, stands by no more.
  const isHere = ({ member }: Server) => member?.cordon == null || member.cordon.until === 'rolled';
  const isBegun = members.some((each) => rollout.moved.has(each.id) && isHere(each));
  const standsBy = isBlueGreen && !isBegun && members.some(({ member }) => isInPool(member));
  const couldBe = members.filter(({ lost, member }) => {
    if (lost !== null || member === null) return false;
    return standsBy ? isInPool(member) && member.cordon === null : member.cordon === null || member.admittedAt !== null;
  });
  return couldBe.map(({ id }) => id);
}

describe('whatever overlaps whatever', () => {
  it(
    `no promise is broken at any step, and without further faults everything settles as it is desired (MUSTER_SEED=${seed})`,
    () => {
      fc.assert(
        fc.property(fc.constantFrom(opened, running, running), sequence, fc.boolean(), (begin, taken, dead) => {
          const fleet = begin();
          for (const { move } of taken) {
            move(fleet);
            check(fleet);
          }
          mend(fleet, { dead });
          settle(fleet);
          checkSettled(fleet);
        }),
        { numRuns: walks, seed },
      );
    },
    timeoutMs,
  );

  it('dead servers that the floor held go once others have come', () => {
    const fleet = running();
    const group = fleet.state.groupById.get(groups[0] as GroupId);
    for (const id of servers.slice(0, 3)) change(fleet, id, { isSilent: true });
    for (let round = 0; round < 8; round += 1) fleet.round();
    expect([group?.servingCount, group?.heldCount]).toEqual([0, 2]);
    expect(group?.heldAt).not.toBeNull();
    for (const id of servers.slice(3)) {
      fleet.register(id);
      fleet.command('server.join', { server: id, group: groups[0] });
    }
    settle(fleet);
    checkSettled(fleet);
    expect([group?.servingCount, group?.heldCount, group?.heldAt]).toEqual([2, 0, null]);
  });
});
