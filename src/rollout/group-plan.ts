/**
 * What the leader shall say of a whole group, by the log alone: that a deployment has succeeded on it, that its pool is
 * held, or no longer is.
 *
 * Promises: pure and level-triggered. The same state gives the same proposals; what the log holds already is not
 * proposed. Must not know clocks, or what was observed: a server's own proofs stand in the log by now. Its caller asks
 * whenever the group was touched, hands in acknowledged state, and keeps one proposal of a kind under way.
 */
import { allowsLettingGo } from '../domain/floor.ts';
import type { Proposal } from '../domain/propose.ts';
import { hasProved, isWitness } from '../domain/release.ts';
import type { Deployment, FleetState, Group } from '../domain/state.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';

/**
 * Sorted by project, then the pool's. Costs one pass over the members while something is still to succeed, which ends
 * at the first that shows nothing has; nothing otherwise.
 */
export function groupProposals(state: FleetState, groupId: GroupId): Proposal[] {
  const group = state.groupById.get(groupId);
  if (group === undefined) return [];
  return [...successes(state, group), ...poolProposals(group)];
}

function successes(state: FleetState, group: Group): Proposal[] {
  const proposals: Proposal[] = [];
  const pending = [...group.deploymentByProject.values()].filter(({ succeededAt }) => succeededAt === null);
  for (const deployment of pending.sort((a, b) => (a.project < b.project ? -1 : 1))) {
    if (!isProven(state, group, deployment)) continue;
    const { project, version } = deployment;
    proposals.push({ type: 'deployment.succeeded', data: { group: group.id, project, version } });
  }
  return proposals;
}

/**
 * Every witness has proved it, and there is one. Without any nothing is proved; then it is opened to all only if
 * joiners would else be told to hold the version before for ever.
 */
function isProven(state: FleetState, group: Group, deployment: Deployment): boolean {
  let isWitnessed = false;
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    if (server?.member == null || !isWitness(group, deployment, server)) continue;
    if (!hasProved(deployment, server.member)) return false;
    isWitnessed = true;
  }
  return isWitnessed || deployment.lastGood !== null;
}

function poolProposals({ id: group, heldAt, heldCount }: Group): Proposal[] {
  if (heldCount > 0 && heldAt === null) return [{ type: 'pool.held', data: { group } }];
  if (heldCount === 0 && heldAt !== null) return [{ type: 'pool.released', data: { group } }];
  return [];
}

/**
 * Lost servers which the floor held, and which may go now since others have come: those to look at. One at a time is
 * let go, since each changes what the next one is judged by.
 */
export function nextToLetGo(state: FleetState, group: Group, at: number): ServerId[] {
  return allowsLettingGo(group, at) ? heldIn(state, group) : [];
}

function heldIn(state: FleetState, { servers }: Group): ServerId[] {
  const held: ServerId[] = [];
  for (const id of servers) if (state.serverById.get(id)?.member?.held === true) held.push(id);
  return held;
}
