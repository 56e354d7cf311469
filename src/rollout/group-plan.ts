/**
 * What the leader shall say of a whole group, by the log alone: that a deployment has succeeded on it, that its pool is
 * held, or no longer is.
 *
 * Promises: pure and level-triggered. The same state gives the same proposals; what the log holds already is not
 * proposed. Must not know clocks, or what was observed: a server's own proofs stand in the log by now. Its caller asks
 * whenever the group was touched, hands in acknowledged state, and keeps one proposal of a kind under way.
 */
import { floorOf } from '../domain/floor.ts';
import type { Proposal } from '../domain/propose.ts';
import { hasProved, isWitness } from '../domain/release.ts';
import type { Deployment, FleetState, Group } from '../domain/state.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';

/** Servers named in `pool.held`, as its schema bounds them. */
const heldNamedMax = 20;

/**
 * Sorted by project, then the pool's. Costs one pass over the members while something is still to succeed, which ends
 * at the first that shows nothing has; nothing otherwise.
 */
export function groupProposals(state: FleetState, groupId: GroupId): Proposal[] {
  const group = state.groupById.get(groupId);
  if (group === undefined) return [];
  return [...successes(state, group), ...poolProposals(state, group)];
}

function successes(state: FleetState, group: Group): Proposal[] {
  const proposals: Proposal[] = [];
  const pending = [...group.deploymentByProject.values()].filter(({ succeededAt }) => succeededAt === null);
  for (const deployment of pending.sort((a, b) => (a.project < b.project ? -1 : 1))) {
    const servers = provenBy(state, group, deployment);
    if (servers === null) continue;
    const { project, version } = deployment;
    proposals.push({
      type: 'deployment.succeeded',
      data: { group: group.id, project, version, evidence: { servers } },
    });
  }
  return proposals;
}

/**
 * How many witnesses hold it, when all do; null: one does not yet. Without any witness nothing is proved; then it is
 * opened to all only if joiners would else be told to hold the version before for ever.
 */
function provenBy(state: FleetState, group: Group, deployment: Deployment): number | null {
  let witnesses = 0;
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    if (server?.member == null || !isWitness(group, deployment, server)) continue;
    if (!hasProved(deployment, server.member)) return null;
    witnesses += 1;
  }
  return witnesses > 0 || deployment.lastGood !== null ? witnesses : null;
}

function poolProposals(state: FleetState, group: Group): Proposal[] {
  const { id, heldAt, heldCount, absences, policy } = group;
  if (heldCount === 0) return heldAt === null ? [] : [{ type: 'pool.released', data: { group: id } }];
  if (heldAt !== null || absences === null) return [];
  const floor = floorOf(absences.size, policy.floorPercent);
  const servers = heldIn(state, group).slice(0, heldNamedMax);
  return [{ type: 'pool.held', data: { group: id, servers, size: absences.size, floor } }];
}

function heldIn(state: FleetState, { servers }: Group): ServerId[] {
  const held: ServerId[] = [];
  for (const id of servers) if (state.serverById.get(id)?.member?.held === true) held.push(id);
  return held.sort();
}
