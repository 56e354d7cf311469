/**
 * Blue-green's switch, there and back: one pool revision from the old part to the standby part. Who is
 * kept out of the pool meanwhile: `rolled-cordons.ts` of the domain.
 */
import { directivePosition, isInPool, isServing } from '../domain/membership.ts';
import type { FleetState, Group, Rollout, Server } from '../domain/state.ts';
import type { GateEvidence } from '../../schemas/rollout-events.ts';
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
    .map((id) => state.serverById.get(id))
    .map((server) => (server === undefined || server.lost !== null ? null : server.member))
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
  const to = old.filter((server) => isProved(group, server)).map(({ id }) => id);
  // Nobody serves any more: whoever can, goes ahead.
  const isUrgent = from.length === 0 && to.length > 0;
  if (to.length < old.length && !isUrgent) return waits('the old part has yet to prove what it holds');
  const passed = evidenceOf([...rollout.moved].map((id) => standingOf(about, id)));
  return does({
    type: 'rollout.switched',
    data: { group: group.id, rollout: rollout.id, to: to.sort(), from: from.sort(), passed },
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
