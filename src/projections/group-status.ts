/** How far a group has come from desired to traffic: what `wait` waits on. One pass over the group. */
import type { FleetState, Group, Server } from '../domain/state.ts';
import { assert } from '../std/failure.ts';
import { laggardsMax } from '../../schemas/group-status.ts';
import type { GroupStatus } from '../../schemas/group-status.ts';
import type { GroupId, Position } from '../../schemas/ids.ts';
import { appliedBy, balancersOf } from './balancers.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { doneUpTo, waitsFor } from './progress.ts';
import type { Member } from './progress.ts';

/** Laggards kept for the pool and balancers however many servers lag: the last stage must not go unnamed. */
const laterStagesLaggardsMax = 5;

type Laggard = GroupStatus['laggards'][number];
interface Behind {
  readonly server: Server;
  readonly member: Member;
  readonly upTo: Position;
}

export function groupStatus(state: FleetState, observed: Observed, groupId: GroupId): GroupStatus {
  const group = state.groupById.get(groupId);
  assert(group !== undefined, `status is asked of a group that exists: ${groupId}`);
  assert(state.log !== null, 'a log that holds a group has a name');
  const counts = { syncing: 0, failed: 0, ready: 0, draining: 0 };
  const members: { server: Server; member: Member }[] = [];
  const behind: Behind[] = [];
  for (const serverId of group.servers) {
    const server = state.serverById.get(serverId);
    assert(server !== undefined && server.membership.status !== 'available', `${serverId} is a member of ${groupId}`);
    const member = server.membership;
    counts[member.status] += 1;
    members.push({ server, member });
    const upTo = doneUpTo(group, member);
    if (upTo !== null) behind.push({ server, member, upTo });
  }
  const balancers = balancerPositionsOf(state, observed, groupId);
  const published = observed.publishedPoolByGroup.get(groupId) ?? 0;
  const carried = (revision: Position) => carriedBy({ state, group, members, revision });
  const later = laterStages({ group, published, balancers });
  return {
    log: state.log,
    term: state.term,
    position: state.position,
    group: groupId,
    desired: Math.max(group.changedAt, group.deploymentsChangedAt),
    counts,
    servers: lowest(
      state.position,
      behind.map(({ upTo }) => upTo),
    ),
    pool: carried(published),
    balancers: lowest(state.position, Object.values(balancers).map(carried)),
    balancerPositions: balancers,
    laggards: [...serverLaggards({ state, observed, group, behind, max: laggardsMax - later.length }), ...later],
  };
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
  members: readonly { member: Member }[];
  revision: Position;
}): Position {
  if (revision >= group.poolChangedAt) return state.position;
  let upTo = revision;
  for (const { member } of members) {
    if (member.status === 'ready' && member.readyAt > revision) upTo = Math.min(upTo, member.joinedAt - 1);
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
  group,
  behind,
  max,
}: {
  state: FleetState;
  observed: Observed;
  group: Group;
  behind: Behind[];
  max: number;
}): Laggard[] {
  // Those that hold the stage back the most come first; reasons are written only for those shown.
  behind.sort((a, b) => a.upTo - b.upTo || byText(a.server.id, b.server.id));
  return behind.slice(0, max).map(({ server, member }) => ({
    what: `server ${server.id}`,
    server: server.id,
    reason: `${member.status} since position ${server.since}: ${waitsFor({ state, observed, group, server, member })}`,
  }));
}

function laterStages({
  group,
  published,
  balancers,
}: {
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
    const reason = `balancer ${balancer} has not confirmed pool position ${wanted}, ${confirmed}`;
    laggards.push({ what: `balancer ${balancer}`, reason });
  }
  return laggards.slice(0, laterStagesLaggardsMax);
}

function lowest(otherwise: Position, positions: readonly Position[]): Position {
  return positions.reduce((low, position) => Math.min(low, position), otherwise);
}
