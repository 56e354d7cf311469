/**
 * What the leader shall say of a group's pool, by the log alone: that it is held, or no longer is. What it says of the
 * group's rollouts: see `planner.ts`.
 *
 * Promises: pure and level-triggered. The same state gives the same proposals; what the log holds already is not
 * proposed. Must not know clocks, or what was observed. Its caller asks whenever the group was touched, hands in
 * acknowledged state, and keeps one proposal of a kind under way.
 */
import { allowsLettingGo } from '../domain/floor.ts';
import type { Proposal } from '../domain/propose.ts';
import type { FleetState, Group } from '../domain/state.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';

export function groupProposals(state: FleetState, groupId: GroupId): Proposal[] {
  const group = state.groupById.get(groupId);
  if (group === undefined) return [];
  return poolProposals(group);
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
