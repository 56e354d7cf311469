/**
 * Which version of each of its group's projects a member shall hold. Whoever was there when a version was asked for
 * tries it; whoever joins gets what the group last succeeded with, until this one has succeeded too.
 */
import type { Deployment, Group, Member, ProjectRelease, Server } from './state.ts';

type Joined = Pick<Member, 'joinedAt'>;

/** What the member shall hold of this project. */
export function desiredRelease(deployment: Deployment, member: Joined): ProjectRelease {
  const { version, digest, bytes, lastGood } = deployment;
  return lastGood === null || triesCurrent(deployment, member) ? { version, digest, bytes } : lastGood;
}

/** True when the version asked for is what this member shall hold, not the one before it. */
export function triesCurrent({ changedAt, succeededAt, lastGood }: Deployment, { joinedAt }: Joined): boolean {
  return succeededAt !== null || lastGood === null || joinedAt < changedAt;
}

/** True when the deployment's success hangs on this server: it shall hold the version, and nothing keeps it from it. */
export function isWitness(
  group: Pick<Group, 'id'>,
  deployment: Deployment,
  { member, lost }: Pick<Server, 'member' | 'lost'>,
): boolean {
  if (lost !== null || member === null || member.group !== group.id) return false;
  return member.drain === null && member.cordon?.drained !== true && triesCurrent(deployment, member);
}

/** True when a witness has proved it: the version was in the set it proved, and nothing failed since. */
export function hasProved({ changedAt }: Deployment, { covers, failing }: Pick<Member, 'covers' | 'failing'>): boolean {
  return covers >= changedAt && failing === null;
}
