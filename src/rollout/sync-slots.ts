/**
 * Who may sync now: a storm of joins must not ask the bundle store for everything at once. The first of those that
 * wait, in the order they came, up to the group's limit. Pure, by the log alone, so that every leader picks the same.
 * Must not know what was published: whoever was told already is not held back by this, see the server machine.
 */
import type { FleetState, Group, Server } from '../domain/state.ts';
import type { ServerId } from '../../schemas/ids.ts';

/**
 * True for a server that has a slot, and for one that needs none: in no group, in the pool, or kept out of it. Costs
 * at most `syncsMax`.
 */
export function maySync(state: FleetState, server: Server): boolean {
  const group = server.member === null ? undefined : state.groupById.get(server.member.group);
  if (group === undefined || !group.syncing.has(server.id)) return true;
  for (const id of slotsOf(group)) if (id === server.id) return true;
  return false;
}

/** Who has a slot and has yet to prove anything: those to look at when one has been freed. */
export function nextToSync(state: FleetState, group: Group): ServerId[] {
  const next: ServerId[] = [];
  for (const id of slotsOf(group)) {
    const member = state.serverById.get(id)?.member ?? null;
    if (member !== null && member.covers === 0 && member.failing === null) next.push(id);
  }
  return next;
}

/** The group's limit is the number of slots, taken in the order the servers began to wait. */
function* slotsOf({ syncing, policy }: Group): Generator<ServerId> {
  let taken = 0;
  for (const id of syncing) {
    if (taken >= policy.syncsMax) return;
    taken += 1;
    yield id;
  }
}
