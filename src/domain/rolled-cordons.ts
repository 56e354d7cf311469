/**
 * Cordons that a rollout sets: who is kept out of the pool for it, for how long, and what an operator's word about
 * such a server means for the rollout.
 */
import type { Position, ServerId } from '../../schemas/ids.ts';
import { isLeaving } from './membership.ts';
import { hasProved, isInBatch } from './release.ts';
import type { Cordon, Group, Rollout, Server } from './state.ts';

/**
 * True when the server may come back into the pool: no rollout keeps it out, and it has proved what it shall hold, or
 * its drain has lost its purpose.
 */
export function rolledCordonIsOver(group: Group, { id, member }: Pick<Server, 'id' | 'member'>): boolean {
  if (member === null || member.cordon?.until !== 'rolled' || isLeaving(member)) return false;
  for (const rollout of group.rolloutById.values()) if (keepsOut(rollout, id)) return false;
  return member.drain !== null || hasProved(group, member);
}

/** It waits for its drain, or for the switch; or it is the old part, kept as it was for the way back. */
export function keepsOut({ status, waiting, standby, moved }: Rollout, id: ServerId): boolean {
  if (waiting.has(id)) return true;
  if (standby === null) return false;
  if (standby.switchedAt === null) return status !== 'rolling-back' && standby.servers.has(id);
  return !standby.servers.has(id) && !moved.has(id);
}

/** True while the server shall stand by, out of the pool, until its rollout switches to it. */
export function standsBy(group: Pick<Group, 'rolloutById'>, id: ServerId): boolean {
  for (const { status, standby } of group.rolloutById.values()) {
    if (status !== 'rolling-back' && standby?.switchedAt === null && standby.servers.has(id)) return true;
  }
  return false;
}

/** What stays once another cordon is lifted from a server that is out of the pool: that of one standing by. */
export function cordonBeneath(group: Group | undefined, id: ServerId, at: Position): Cordon | null {
  return group !== undefined && standsBy(group, id) ? { at, drained: true, until: 'rolled' } : null;
}

/** A person takes over a server that a rollout was about to take out: a later step of it takes the server in again. */
export function takeFromRollouts(group: Group | undefined, id: ServerId): void {
  for (const rollout of group?.rolloutById.values() ?? []) if (rollout.waiting.has(id)) forget(rollout, id);
}

/** The server is a member no more: no rollout of the group says anything of it. */
export function forgetServer(group: Group, id: ServerId): void {
  for (const rollout of group.rolloutById.values()) forget(rollout, id);
}

/** It is out of the pool: it takes the other version now; false when it waited for no rollout. */
export function endWaiting(group: Group | undefined, id: ServerId): boolean {
  let waited = false;
  for (const { waiting } of group?.rolloutById.values() ?? []) waited = waiting.delete(id) || waited;
  return waited;
}

function forget(rollout: Rollout, id: ServerId): void {
  rollout.moved.delete(id);
  rollout.waiting.delete(id);
  rollout.standby?.servers.delete(id);
  if (isInBatch(rollout, { id })) rollout.batch = rollout.batch.filter((one) => one !== id);
}
