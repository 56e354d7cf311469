/**
 * Blue-green's switch, there and back: one pool revision from the old part to the standby part. And who stays out of
 * the pool for a rollout's sake, until when.
 */
import { directivePosition, isInPool, isServing } from '../domain/membership.ts';
import type { FleetState, Group, Rollout, Server } from '../domain/state.ts';
import type { GateEvidence } from '../../schemas/events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { About, RolloutPlan } from './about.ts';
import { does, waits } from './about.ts';
import { evidenceOf } from './evidence.ts';
import type { Standing } from './standing.ts';
import { isTakenAway, standingOf } from './standing.ts';

interface Passed {
  readonly standings: readonly Standing[];
  readonly evidence: GateEvidence;
}

/** The standby part has proved the version: it takes the traffic. */
export function switchOver(about: About, { standings, evidence }: Passed): RolloutPlan {
  const { state, group, rollout } = about;
  const to = standings.filter(({ status }) => status === 'healthy').map(({ server }) => server);
  if (to.length === 0) return waits('nobody of the standby part holds the new version');
  const from = [...group.servers].filter((id) => {
    const server = state.serverById.get(id);
    return server !== undefined && !rollout.moved.has(id) && isServing(server) && server.member?.cordon === null;
  });
  const data = { group: group.id, rollout: rollout.id, to: to.sort(), from: from.sort(), passed: evidence };
  return does({ type: 'rollout.switched', data });
}

/** When the old part may follow; null: now. Its drains come first. */
export function keepsOldUntil({ state, group, rollout, at }: About): number | null {
  const { standby, policy } = rollout;
  if (standby === null || standby.switchedAt === null || policy.strategy.kind !== 'blue-green') return null;
  const drains = [...group.servers]
    .map((id) => state.serverById.get(id)?.member ?? null)
    .filter((member) => member?.cordon?.until === 'rolled' && member.drain !== null && member.drain.next === null)
    .map((member) => member?.drain?.deadlineAt ?? at);
  const keptUntil = rollout.promoted === null ? standby.switchedAt + policy.strategy.keepMs : at;
  if (drains.length > 0) return Math.max(at + 1, keptUntil, ...drains);
  return keptUntil > at ? keptUntil : null;
}

/**
 * Back to the old part, in one revision, before anything of it was moved; null: there is nothing to switch back to. A
 * part of the old part that still drains is waited for: `wait`.
 */
export function switchBack(about: About): RolloutPlan | null {
  const { state, group, rollout } = about;
  if (!keepsOldPart(rollout)) return null;
  const old = oldPartOf(state, group, rollout);
  if (old.length === 0) return null;
  const from = [...rollout.moved].filter((id) => {
    const server = state.serverById.get(id);
    return server?.member?.group === group.id && isServing(server) && server.member.cordon === null;
  });
  if (from.length === 0) return null;
  const to = old.filter((server) => isProved(group, server)).map(({ id }) => id);
  if (to.length < old.length) return waits('the old part has yet to prove what it holds');
  const passed = evidenceOf([...rollout.moved].map((id) => standingOf(about, id)));
  return does({
    type: 'rollout.switched',
    data: { group: group.id, rollout: rollout.id, to: to.sort(), from: from.sort(), passed },
  });
}

/**
 * True while the rollout that took the server out of the pool has a use for it there: a standby part before the
 * switch, an old part that is kept. A `rolled` cordon nobody has a use for any more is over once the server has proved
 * what it shall hold.
 */
export function keepsOut(state: FleetState, { id, member }: Pick<Server, 'id' | 'member'>): boolean {
  const group = member === null ? undefined : state.groupById.get(member.group);
  if (group === undefined || member?.cordon?.until !== 'rolled') return false;
  return [...group.rolloutById.values()].some((rollout) => keeps({ state, group, rollout }, id));
}

type Of = { readonly state: FleetState; readonly group: Group; readonly rollout: Rollout };

function keeps({ state, group, rollout }: Of, id: ServerId): boolean {
  const { standby, status } = rollout;
  if (standby === null) return false;
  if (standby.switchedAt === null) return status !== 'rolling-back' && standby.servers.has(id);
  if (!keepsOldPart(rollout) || rollout.moved.has(id)) return false;
  if (status !== 'rolling-back') return true;
  // It is switched back to as one, as long as somebody serves meanwhile.
  return [...rollout.moved].some((other) => {
    const server = state.serverById.get(other);
    return server?.member?.group === group.id && isServing(server) && server.member.cordon === null;
  });
}

/** Switched over, and no step since: whoever was moved is the standby part. */
function keepsOldPart({ standby, moved }: Rollout): boolean {
  if (standby === null || standby.switchedAt === null) return false;
  return [...moved].every((id) => standby.servers.has(id));
}

function oldPartOf(state: FleetState, group: Group, rollout: Rollout): Server[] {
  const old: Server[] = [];
  for (const id of group.servers) {
    const server = state.serverById.get(id);
    const member = server?.member ?? null;
    if (server === undefined || member?.cordon?.until !== 'rolled' || server.lost !== null) continue;
    if (!isTakenAway(member) && member.failing?.final !== true && !rollout.moved.has(id)) old.push(server);
  }
  return old;
}

function isProved(group: Group, { member }: Server): boolean {
  if (member === null || member.drain !== null || isInPool(member) || member.failing !== null) return false;
  return member.covers >= directivePosition(group, member);
}
