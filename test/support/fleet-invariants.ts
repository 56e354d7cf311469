/** What must never be seen in a fleet, in words: of one state, and of one event between two. */
import type { Event } from '../../schemas/events.ts';
import { floorOf } from '../../src/domain/floor.ts';
import { pastRolloutsMax } from '../../src/domain/limits.ts';
import { adminOf, directivePosition, directiveServing, isInPool, statusOf } from '../../src/domain/membership.ts';
import { desiredRelease } from '../../src/domain/release.ts';
import type { FleetState, Group, Member, Rollout, Server } from '../../src/domain/state.ts';

/** Everything that could be reckoned from the servers alone, reckoned from the servers alone. */
export function staleIn(state: FleetState): string[] {
  const stale: string[] = [];
  const known = [...state.serverById.values()];
  for (const group of state.groupById.values()) {
    const members = known.filter(({ member }) => member?.group === group.id);
    const bound = known.filter(({ member }) => {
      const next = member?.drain?.next;
      return next?.to === 'group' && next.group === group.id;
    });
    const serving = members.filter((one) => one.lost === null && one.member?.drain === null && isInPool(one.member));
    const held = members.filter(({ member }) => member?.held === true);
    const expected = {
      servers: names(members),
      inbound: names(bound),
      syncing: names(members.filter(mustSync)),
      servingCount: serving.length,
      heldCount: held.length,
    };
    const { servingCount, heldCount } = group;
    const lists = { servers: sorted(group.servers), inbound: sorted(group.inbound), syncing: sorted(group.syncing) };
    const seen = { ...lists, servingCount, heldCount };
    if (JSON.stringify(seen) !== JSON.stringify(expected)) {
      stale.push(`${group.id} has ${JSON.stringify(seen)}, should have ${JSON.stringify(expected)}`);
    }
  }
  return stale;
}

/** `group.syncing`, as its words have it: not yet in, and neither failed, lost, cordoned nor leaving. */
function mustSync({ member, lost }: Server): boolean {
  if (member === null || lost !== null || member.admittedAt !== null) return false;
  return member.failing?.final !== true && member.cordon === null && member.drain === null;
}

export function brokenIn(state: FleetState): string[] {
  const broken = staleIn(state);
  for (const server of state.serverById.values()) {
    const lists = [...state.groupById.values()].filter((group) => group.servers.has(server.id));
    if (lists.length !== (server.member === null ? 0 : 1)) broken.push(`${server.id} is in ${lists.length} groups`);
    if (server.member !== null) broken.push(...brokenOf(state, server, server.member));
  }
  const addresses = [...state.serverById.values()].map(({ id, address }) => `${address.host}:${address.port} ${id}`);
  const indexed = [...state.serverByAddress].map(([address, id]) => `${address} ${id}`);
  if (indexed.sort().join() !== addresses.sort().join())
    broken.push(`addresses ${addresses.join()} as ${indexed.join()}`);
  for (const group of state.groupById.values()) {
    broken.push(...brokenDeployments(state, group), ...brokenRollouts(state, group));
  }
  for (const { groups } of state.balancerById.values()) {
    if (groups !== 'all' && groups.some((one) => !state.groupById.has(one))) broken.push('a balancer of a gone group');
  }
  return broken;
}

function brokenOf(state: FleetState, server: Server, member: Member): string[] {
  const { cordon, drain, held, replaces, replacedBy } = member;
  const { lost, id } = server;
  const inPool = isInPool(member);
  const group = state.groupById.get(member.group);
  const next = drain?.next ?? null;
  const of = (one: typeof replaces) => (one === null ? undefined : state.serverById.get(one)?.member);
  const must: readonly (readonly [boolean, string])[] = [
    [group !== undefined, 'has a group that is there'],
    [drain === null || drain.next !== null || cordon !== null, 'drains to stay only with a cordon'],
    [drain === null || drain.wasInPool === inPool, 'drains from the pool exactly while it is in it'],
    [cordon?.drained !== true || !inPool, 'is out of the pool once drained'],
    [!held || (lost !== null && inPool && drain === null), 'is held only while lost, in the pool and not draining'],
    [lost === null || !inPool || drain !== null || held, 'lost, is in the pool only while held or draining'],
    [member.covers <= state.position && member.directiveAt >= member.joinedAt, 'proves what was said'],
    [member.askedAt <= member.joinedAt, 'was asked for before it came'],
    [!inPool || member.entryAt >= (member.admittedAt ?? 0), 'has an entry since it entered'],
    [!inPool || member.entryAt <= (group?.poolChangedAt ?? 0), 'has no entry newer than its pool'],
    [!inPool || adminOf(member) === (drain === null ? 'ready' : 'drain'), 'drains in the pool as by the log'],
    [next?.to !== 'group' || state.groupById.has(next.group), 'is bound for a group that is there'],
    [next === null || (replaces === null && replacedBy === null), 'stands for nobody when it goes'],
    [replaces === null || (of(replaces)?.replacedBy === id && of(replaces)?.group === member.group), 'stands for one'],
    [replacedBy === null || of(replacedBy)?.replaces === id, 'is stood in for by one that does'],
    [statusOf(server) !== 'syncing' || group?.syncing.has(id) === true, 'is on the list of what syncs'],
    [statusOf(server) !== 'ready' || (inPool && lost === null && drain === null), 'is ready only in the pool'],
  ];
  return must.filter(([holds]) => !holds).map(([, words]) => `it is broken that ${id} ${words}`);
}

function brokenDeployments(state: FleetState, { id, deploymentByProject, rolloutById }: Group): string[] {
  const broken: string[] = [];
  for (const { project, version, lastGood, succeededAt, rollout } of deploymentByProject.values()) {
    const known = state.projectById.get(project);
    if (known === undefined || known.status === 'retired') broken.push(`${id} carries ${project}, retired`);
    for (const held of [version, lastGood?.version]) {
      if (held === undefined) continue;
      if (known?.versionByName.get(held)?.status === 'retired') broken.push(`${id} holds ${project}@${held}, retired`);
    }
    if (succeededAt !== null && lastGood !== null) broken.push(`${id} keeps a version of ${project} besides`);
    if ((succeededAt === null) !== (rollout !== null)) broken.push(`${project} on ${id} is neither under way nor over`);
    const targets = rollout === null ? [] : (rolloutById.get(rollout)?.targets ?? []);
    const target = targets.find((one) => one.project === project);
    if (rollout !== null && (target?.to.version !== version || target.from?.version !== lastGood?.version)) {
      broken.push(`${project} on ${id} is carried out by a rollout that is not about it`);
    }
  }
  return broken;
}

function brokenRollouts(state: FleetState, group: Group): string[] {
  const { id, rolloutById, pastRollouts } = group;
  const broken: string[] = [];
  const projects = [...rolloutById.values()].flatMap(({ targets }) => targets.map(({ project }) => project));
  if (new Set(projects).size < projects.length) broken.push(`a project is in two rollouts of ${id}`);
  if (pastRollouts.length > pastRolloutsMax) broken.push(`${id} remembers ${pastRollouts.length} rollouts`);
  if (pastRollouts.some((past) => rolloutById.has(past.id))) broken.push(`a rollout of ${id} is over and is not`);
  for (const [key, rollout] of rolloutById) broken.push(...brokenRollout(state, group, { key, rollout }));
  return broken;
}

function brokenRollout(state: FleetState, group: Group, { key, rollout }: { key: number; rollout: Rollout }): string[] {
  const { servers, deploymentByProject } = group;
  const { moved, waiting, standby, batch, targets, target, status, pausedBy, stepAt, progressAt } = rollout;
  const within = (ids: Iterable<Server['id']>) => [...ids].every((one) => servers.has(one));
  const drainOf = (one: Server['id']) => state.serverById.get(one)?.member?.drain ?? null;
  const must: readonly (readonly [boolean, string])[] = [
    [key === rollout.id, 'is filed under its position'],
    [targets.every(({ project }) => deploymentByProject.get(project)?.rollout === key), 'is named by what it is about'],
    [targets[target] !== undefined, 'has a present target'],
    [within(moved), 'moves members'],
    [within(batch) && batch.join() === [...new Set(batch)].sort().join(), 'has a batch of members, sorted'],
    [standby === null || within(standby.servers), 'has members stand by'],
    [[...waiting].every((one) => drainOf(one) !== null), 'waits for drains only'],
    [[...waiting].every((one) => moved.has(one)), 'waits for those it moved'],
    [(status === 'paused') === (pausedBy !== null), 'is paused by somebody'],
    [stepAt <= state.at && progressAt <= state.at, 'counts from what was'],
  ];
  return must.filter(([holds]) => !holds).map(([, words]) => `it is broken that rollout ${key} ${words}`);
}

/** What this event must not have done. `before` is a copy of the state it was folded onto. */
export function brokenBy(event: Event, before: FleetState, after: FleetState): string[] {
  const broken: string[] = [];
  for (const server of after.serverById.values()) {
    const was = before.serverById.get(server.id);
    const moved = was === undefined || statusOf(was) !== statusOf(server);
    if (moved !== (server.since === event.position)) broken.push(`since of ${server.id}: ${event.type}`);
    if (moved && server.sinceAt !== event.at) broken.push(`sinceAt of ${server.id}: ${event.type}`);
    if (server.member?.admittedAt === event.position) broken.push(...brokenEntry({ event, before, server: was }));
    broken.push(...brokenDirective(event, told(before, was), told(after, server)));
  }
  for (const group of after.groupById.values()) {
    const was = before.groupById.get(group.id);
    if (was === undefined) continue;
    const changed = poolText(before, was) !== poolText(after, group);
    if (changed !== (group.poolChangedAt === event.position)) broken.push(`pool of ${group.id}: ${event.type}`);
    if (event.type === 'server.lost') broken.push(...brokenFloor(was, group));
  }
  return broken;
}

/** By a proof of its own; or, having given one before, by the switch that it stood by for. */
function brokenEntry({ event, before, server }: { event: Event; before: FleetState; server: Server | undefined }) {
  if (server?.member == null) return [`entered by ${event.type}`];
  const group = before.groupById.get(server.member.group);
  const { cordon, drain, covers } = server.member;
  const isFree = drain === null && server.lost === null;
  const wanted = group === undefined ? Number.POSITIVE_INFINITY : directivePosition(group, server.member);
  if (event.type === 'rollout.switched') {
    const isCalled = event.data.to.includes(server.id) && cordon?.until === 'rolled';
    return isFree && isCalled && covers >= wanted ? [] : [`${server.id} was switched to unproved or kept out`];
  }
  if (event.type !== 'server.ready') return [`entered by ${event.type}`];
  const isProved = cordon === null && event.data.covers >= wanted && event.data.server === server.id;
  return isFree && isProved ? [] : [`${server.id} entered unproved or kept out`];
}

interface Told {
  readonly joinedAt: number;
  readonly position: number;
  readonly text: string;
}

/** What a member is told, and at which position, as its directive would have it. */
function told(state: FleetState, server: Server | undefined): Told | undefined {
  const member = server?.member ?? null;
  const group = member === null ? undefined : state.groupById.get(member.group);
  if (server === undefined || member === null || group === undefined) return undefined;
  const position = Math.max(directivePosition(group, member), member.drain?.at ?? 0);
  const projects = [...group.deploymentByProject.values()].map((deployment) => {
    const release = desiredRelease(group, deployment, server);
    return release === null ? '' : `${deployment.project}@${release.version}`;
  });
  const text = [directiveServing(member), ...projects.filter((one) => one !== '').sort()].join(' ');
  return { joinedAt: member.joinedAt, position, text: `${server.id} ${text}` };
}

/** A server that held what it was told would else never hear of the change, or be taken to have proved it. */
function brokenDirective(event: Event, was: Told | undefined, is: Told | undefined): string[] {
  if (was === undefined || is === undefined || was.joinedAt !== is.joinedAt) return [];
  if (is.position < was.position) return [`directive of ${is.text} went back: ${event.type}`];
  if (was.text === is.text || is.position === event.position) return [];
  return [`${was.text} became ${is.text} without a word: ${event.type}`];
}

/** Of absences only: what the log counted, and what is there. */
function brokenFloor(before: Group, { absences, servingCount, heldCount, policy }: Group): string[] {
  const broken: string[] = [];
  if (before.servingCount + before.heldCount > 0 && servingCount + heldCount === 0)
    broken.push('an absence emptied the pool');
  // What went before a policy was tightened has gone.
  if (servingCount + heldCount === before.servingCount + before.heldCount) return broken;
  if (absences !== null && absences.size - absences.removed < floorOf(absences.size, policy.floorPercent)) {
    broken.push(`absences took the pool of ${before.id} below its floor`);
  }
  return broken;
}

/** The pool as balancers see it, with the position of each entry. */
function poolText(state: FleetState, group: Group): string {
  const entries = [...state.serverById.values()].filter(({ member }) => member?.group === group.id && isInPool(member));
  return entries
    .map(({ id, address, weight, member }) => {
      const entry = member === null ? '' : `${adminOf(member)}@${member.entryAt}`;
      return `${id} ${address.host}:${address.port} ${weight} ${entry}`;
    })
    .sort()
    .join('\n');
}

function names(servers: readonly Server[]): string[] {
  return servers.map(({ id }) => id).sort();
}

function sorted(ids: ReadonlySet<string>): string[] {
  return [...ids].sort();
}
