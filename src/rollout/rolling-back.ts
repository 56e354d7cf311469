/** A rollout on its way back: over once everybody who can holds the version from before, and bounded in any case. */
import { directivePosition, isInPool } from '../domain/membership.ts';
import type { Server } from '../domain/state.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { About, RolloutPlan } from './about.ts';
import { does, waits } from './about.ts';
import { isTakenAway } from './standing.ts';
import { switchBack } from './switching.ts';

/** Servers named in a sentence; the rest is counted. */
const namedMax = 3;

export function planRollBack(about: About): RolloutPlan {
  const { group, rollout, at } = about;
  const until = rollout.progressAt + rollout.policy.progressDeadlineMs;
  const { back, behind } = sortedOut(about);
  const over = at >= until;
  if (behind.length === 0 || over) {
    const evidence = { servers: back.length };
    return does({ type: 'rollout.rolled-back', data: { group: group.id, rollout: rollout.id, evidence } });
  }
  const switched = switchBack(about);
  if (switched !== null) return { ...switched, wakeAt: until };
  const named = behind.slice(0, namedMax).join(', ');
  const more = behind.length > namedMax ? ` and ${behind.length - namedMax} more` : '';
  return waits(`${named}${more} has yet to prove the version from before`, until);
}

/** Who is lost, was taken away, or has given up is not waited for: it ends at the right version by itself. */
function sortedOut(about: About): { back: ServerId[]; behind: ServerId[] } {
  const { state } = about;
  const back: ServerId[] = [];
  const behind: ServerId[] = [];
  for (const id of concerned(about)) {
    const server = state.serverById.get(id);
    const standing = server === undefined ? 'gone' : standingBack(about, server);
    if (standing === 'back') back.push(id);
    if (standing === 'behind') behind.push(id);
  }
  return { back, behind: behind.sort() };
}

/** Who held more than the version from before, and who is out of the pool for a rollout. */
function concerned({ state, group, rollout }: About): Iterable<ServerId> {
  const told = new Set([...rollout.moved, ...rollout.batch, ...(rollout.standby?.servers ?? [])]);
  for (const id of group.servers) if (state.serverById.get(id)?.member?.cordon?.until === 'rolled') told.add(id);
  return told;
}

function standingBack({ group }: About, { member, lost }: Server): 'back' | 'behind' | 'gone' {
  if (member === null || member.group !== group.id || lost !== null || isTakenAway(member)) return 'gone';
  if (member.failing?.final === true) return 'gone';
  const isBack =
    member.failing === null && member.drain === null && member.cordon?.until !== 'rolled' && isInPool(member);
  return isBack && member.covers >= directivePosition(group, member) ? 'back' : 'behind';
}
