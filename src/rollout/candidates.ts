/** Who may be told a new version next, and in which order. */
import { directivePosition, isInPool, isKeptOut } from '../domain/membership.ts';
import { keepsOut } from '../domain/rolled-cordons.ts';
import type { Group, Server } from '../domain/state.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { About, Shared } from './about.ts';

/**
 * Members that have yet to be told, the settled ones first: what they show of the new version is worth the most. None
 * that is lost, on its way out, kept out by a person, or in another rollout's hands.
 */
export function candidatesOf(about: About, { target }: { readonly target: number }, shared: Shared): Server[] {
  const { state, group, rollout } = about;
  const told = target === rollout.target ? rollout.moved : new Set<ServerId>();
  const candidates: Server[] = [];
  for (const id of group.servers) {
    if (told.has(id) || shared.judgedByOthers.has(id) || shared.told.has(id)) continue;
    const server = state.serverById.get(id);
    if (server !== undefined && mayBeTold(about, server)) candidates.push(server);
  }
  const rank = (server: Server) => (isSettled(group, server) ? 0 : 1);
  return candidates.sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

/** What a rollout took out of the pool is that one's to tell; what one that is over has left there is anybody's. */
function mayBeTold({ group, rollout }: About, { id, member, lost }: Server): boolean {
  if (member === null || lost !== null || member.drain !== null) return false;
  if (member.cordon === null) return true;
  if (member.cordon.until !== 'rolled') return !isKeptOut(member);
  const others = [...group.rolloutById.values()].filter((other) => other.id !== rollout.id);
  return !others.some((other) => other.moved.has(id) || keepsOut(other, id));
}

function isSettled(group: Group, { member }: Server): boolean {
  if (member === null || !isInPool(member) || member.failing !== null) return false;
  return member.covers >= directivePosition(group, member);
}
