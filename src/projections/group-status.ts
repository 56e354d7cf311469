/** How far a group has come from desired to traffic: what `wait` waits on. One pass over the group. */
import { statusOf } from '../domain/membership.ts';
import type { FleetState, Group, Member, Server } from '../domain/state.ts';
import { assert } from '../std/failure.ts';
import { laggardsMax, serverStatuses } from '../../schemas/group-status.ts';
import type { GroupStatus } from '../../schemas/group-status.ts';
import type { BalancerId, GroupId, Position } from '../../schemas/ids.ts';
import { appliedBy, balancersOf } from './balancers.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { doneUpTo, isWaitedFor } from './progress.ts';
import type { MemberOf } from './progress.ts';
import { rolloutText } from './rollout-view.ts';
import { membersOf } from './server-view.ts';
import { laggardText } from './server-words.ts';

/** Laggards kept for rollouts, and as many for the pool and balancers, however many servers lag: the last stage must not go unnamed. */
const laterStagesLaggardsMax = 5;

type Laggard = GroupStatus['laggards'][number];
interface Behind extends MemberOf {
  /** Null: nobody can wait for it, and the stage does not hang on it. */
  readonly upTo: Position | null;
}

export function groupStatus(state: FleetState, observed: Observed, groupId: GroupId): GroupStatus {
  const group = state.groupById.get(groupId);
  assert(group !== undefined, `status is asked of a group that exists: ${groupId}`);
  assert(state.log !== null, 'a log that holds a group has a name');
  const members = membersOf(state, groupId);
  const behind = [...behindIn(group, members), ...inboundTo(state, group)];
  const balancers = balancerPositionsOf(state, observed, groupId);
  const published = observed.publishedPoolByGroup.get(groupId) ?? 0;
  const carried = (revision: Position) => carriedBy({ state, group, members, revision });
  const later = [...rolloutLaggards(group), ...laterStages({ state, group, published, balancers })];
  return {
    log: state.log,
    term: state.term,
    position: state.position,
    group: groupId,
    desired: Math.max(group.changedAt, group.deploymentsChangedAt),
    counts: countsOf(members),
    servers: lowest(
      state.position,
      behind.map(({ upTo }) => upTo ?? state.position),
    ),
    pool: carried(published),
    balancers: lowest(state.position, Object.values(balancers).map(carried)),
    balancerPositions: balancers,
    held: heldText(group),
    laggards: [...serverLaggards({ state, observed, behind, max: laggardsMax - later.length }), ...later],
  };
}

type Members = readonly { readonly server: Server; readonly member: Member }[];

function countsOf(members: Members): GroupStatus['counts'] {
  const counts = Object.fromEntries(serverStatuses.map((status) => [status, 0])) as GroupStatus['counts'];
  for (const { server } of members) counts[statusOf(server)] += 1;
  return counts;
}

function behindIn(group: Group, members: Members): Behind[] {
  const behind: Behind[] = [];
  for (const { server, member } of members) {
    const upTo = doneUpTo({ server, member, group });
    if (upTo !== null || !isWaitedFor({ server, member, group })) behind.push({ server, member, group, upTo });
  }
  return behind;
}

/** Servers still on their way out of another group: asked for here, and not here yet. */
function inboundTo(state: FleetState, { inbound }: Group): Behind[] {
  const behind: Behind[] = [];
  for (const id of inbound) {
    const server = state.serverById.get(id);
    const from = server?.member == null ? undefined : state.groupById.get(server.member.group);
    if (server?.member?.drain == null || from === undefined) continue;
    behind.push({ server, member: server.member, group: from, upTo: server.member.drain.at - 1 });
  }
  return behind;
}

function heldText({ heldAt, heldCount, absences }: Group): string | null {
  if (heldAt === null) return null;
  const of = absences === null ? '' : ` of ${absences.size}`;
  return `since position ${heldAt}: ${heldCount}${of} are lost and stay in the pool, which without them fell below its floor`;
}

/**
 * Up to which position every change is in a pool of that revision. A server's joining is in it only once its
 * readiness is: a revision between the two is past the joining's position and yet does not hold it.
 */
function carriedBy({
  state,
  group,
  members,
  revision,
}: {
  state: FleetState;
  group: Group;
  members: Members;
  revision: Position;
}): Position {
  if (revision >= group.poolChangedAt) return state.position;
  let upTo = revision;
  for (const { member } of members) {
    if (member.admittedAt !== null && member.admittedAt > revision) upTo = Math.min(upTo, member.askedAt - 1);
  }
  return upTo;
}

/** Each balancer of the group and the pool it has confirmed; 0: none under this log. */
function balancerPositionsOf(state: FleetState, observed: Observed, groupId: GroupId): Record<string, Position> {
  const positions: Record<string, Position> = {};
  for (const balancer of balancersOf(state, groupId)) {
    positions[balancer] = appliedBy(state, observed, { balancer, group: groupId })?.applied.position ?? 0;
  }
  return positions;
}

function serverLaggards({
  state,
  observed,
  behind,
  max,
}: {
  state: FleetState;
  observed: Observed;
  behind: Behind[];
  max: number;
}): Laggard[] {
  // Those that hold the stage back the most come first, those nobody waits for last; reasons only for those shown.
  const order = ({ upTo }: Behind) => upTo ?? Number.POSITIVE_INFINITY;
  behind.sort((a, b) => (order(a) === order(b) ? byText(a.server.id, b.server.id) : order(a) - order(b)));
  return behind.slice(0, max).map(({ server }) => ({
    what: `server ${server.id}`,
    server: server.id,
    reason: laggardText(state, observed, server),
  }));
}

/** No stage hangs on a rollout: it may take days, and other changes do not wait for it. Who waits for it asks for it. */
function rolloutLaggards({ rolloutById, servers }: Group): Laggard[] {
  if (servers.size === 0) return [];
  return [...rolloutById.values()]
    .slice(0, laterStagesLaggardsMax)
    .map((rollout) => ({ what: `rollout ${rollout.id}`, reason: rolloutText(rollout) }));
}

function laterStages({
  state,
  group,
  published,
  balancers,
}: {
  state: FleetState;
  group: Group;
  published: Position;
  balancers: Readonly<Record<string, Position>>;
}): Laggard[] {
  const wanted = group.poolChangedAt;
  const laggards: Laggard[] = [];
  if (published < wanted) {
    laggards.push({ what: 'pool', reason: `pool position ${wanted} is not published, ${published} is` });
  }
  for (const [balancer, applied] of Object.entries(balancers)) {
    if (applied >= wanted) continue;
    const confirmed = applied === 0 ? 'nor any' : `but ${applied}`;
    const isLost = state.balancerById.get(balancer as BalancerId)?.lostAt != null;
    const reason = `${isLost ? 'lost ' : ''}balancer ${balancer} has not confirmed pool position ${wanted}, ${confirmed}`;
    laggards.push({ what: `balancer ${balancer}`, reason });
  }
  return laggards.slice(0, laterStagesLaggardsMax);
}

function lowest(otherwise: Position, positions: readonly Position[]): Position {
  return positions.reduce((low, position) => Math.min(low, position), otherwise);
}
