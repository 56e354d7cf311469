/**
 * Which version of each of its group's projects a server shall hold, and who a rollout's outcome hangs on. While a
 * rollout is under way its servers hold one of two releases: the one it goes to, or the one it comes from.
 */
import type { ServerId } from '../../schemas/ids.ts';
import { directivePosition, isKeptOut, isLeaving } from './membership.ts';
import type { Deployment, Group, Member, ProjectRelease, Rollout, RolloutTarget, Server } from './state.ts';

type Rollouts = Pick<Group, 'rolloutById'>;
type Named = Pick<Server, 'id'>;

/** What a member of the group shall hold of this project; null: it shall not carry it. */
export function desiredRelease(group: Rollouts, deployment: Deployment, server: Named): ProjectRelease | null {
  const rollout = rolloutOf(group, deployment);
  const index = rollout?.targets.findIndex(({ project }) => project === deployment.project) ?? -1;
  const target = rollout?.targets[index];
  if (rollout === undefined || target === undefined) return releaseOf(deployment);
  if (rollout.status === 'rolling-back') {
    return index <= rollout.target && keepsNew(rollout, server) ? target.to : target.from;
  }
  if (index !== rollout.target) return index < rollout.target ? target.to : target.from;
  return target.from === null || (isMoved(rollout, server) && !rollout.waiting.has(server.id))
    ? target.to
    : target.from;
}

/** True when the version last asked for is what this server shall hold now. */
export function holdsCurrent(group: Rollouts, deployment: Deployment, server: Named): boolean {
  return desiredRelease(group, deployment, server)?.version === deployment.version;
}

/** The rollout that carries the deployment out; undefined when that is over. */
export function rolloutOf(group: Rollouts, { rollout }: Pick<Deployment, 'rollout'>): Rollout | undefined {
  return rollout === null ? undefined : group.rolloutById.get(rollout);
}

/** It was told the present target's version, though it may wait for its drain before it takes it. */
export function isMoved({ moved }: Pick<Rollout, 'moved'>, { id }: Named): boolean {
  return moved.has(id);
}

/** It was told in the present step, or told to go back. Asked of every server at every proof while a rollout is under way. */
export function isInBatch({ batch }: Pick<Rollout, 'batch'>, { id }: Named): boolean {
  let [low, high] = [0, batch.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = batch[middle] as ServerId;
    if (found === id) return true;
    if (found < id) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** What a rollout goes through: what is on every server, what is being rolled out, what is still to come. */
export function targetsOf({ targets, target }: Pick<Rollout, 'targets' | 'target'>): {
  readonly done: readonly RolloutTarget[];
  readonly present: RolloutTarget | null;
  readonly ahead: readonly RolloutTarget[];
} {
  return { done: targets.slice(0, target), present: targets[target] ?? null, ahead: targets.slice(target + 1) };
}

/** What a deployment asks for, as a release. */
export function releaseOf({ version, digest, bytes, probe }: ProjectRelease): ProjectRelease {
  return { version, digest, bytes, probe };
}

/** What the group last succeeded with; null when it never did, or did without the project. */
export function lastGoodOf(deployment: Deployment | undefined): ProjectRelease | null {
  if (deployment === undefined) return null;
  return deployment.succeededAt === null ? deployment.lastGood : releaseOf(deployment);
}

/**
 * True when a rollout's outcome hangs on this server: nothing but a rollout keeps it from what it shall hold. Not one
 * that is lost, on its way out, or kept out by a person or its own restart.
 */
export function isWitness(group: Pick<Group, 'id'>, { member, lost }: Pick<Server, 'member' | 'lost'>): boolean {
  if (lost !== null || member === null || member.group !== group.id || isLeaving(member)) return false;
  return !isKeptOut(member);
}

/** True when the member has proved everything it shall hold now, and nothing failed since. */
export function hasProved(
  group: Pick<Group, 'deploymentsChangedAt'>,
  member: Pick<Member, 'covers' | 'failing' | 'directiveAt'>,
): boolean {
  return member.failing === null && member.covers >= directivePosition(group, member);
}

/** Traffic is still to be switched away from it, or it finishes what it has: until then it holds what it was moved to. */
function keepsNew({ standby, waiting }: Rollout, { id }: Named): boolean {
  return waiting.has(id) || (standby !== null && standby.switchedAt !== null && standby.servers.has(id));
}
