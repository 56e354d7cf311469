/** How rollouts go on in a random walk: whatever of a way fits the server's group now, as a leader would propose it. */
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { Proposal } from '../../src/domain/propose.ts';
import { isServing } from '../../src/domain/membership.ts';
import type { FleetState, Group, Rollout } from '../../src/domain/state.ts';

export const rolloutWays = [
  'is told',
  'next project',
  'is switched',
  'rollout pauses',
  'rollout fails',
  'rollout ends',
  'comes back',
] as const;
export type RolloutWay = (typeof rolloutWays)[number];

export function isRolloutWay(way: string): way is RolloutWay {
  return (rolloutWays as readonly string[]).includes(way);
}

const evidence: GateEvidence = { servers: [], figures: null };

interface Going {
  readonly group: Group;
  readonly id: ServerId;
  readonly way: RolloutWay;
}

export function rolloutProposal(state: FleetState, { group, id, way }: Going): Proposal | undefined {
  if (way === 'comes back') return { type: 'server.uncordoned', data: { server: id, group: group.id } };
  // Each server speaks for another one, so that several go on beside each other.
  const underWay = [...group.rolloutById.values()];
  const rollout = underWay[[...group.servers].indexOf(id) % Math.max(1, underWay.length)];
  if (rollout === undefined) return undefined;
  const head = { group: group.id, rollout: rollout.id };
  switch (way) {
    case 'is told': {
      const { target, step } = rollout;
      return { type: 'rollout.advanced', data: { ...head, target, step: step + 1, servers: [id], passed: null } };
    }
    case 'next project': {
      const target = rollout.target + 1;
      return { type: 'rollout.advanced', data: { ...head, target, step: 0, servers: [id], passed: evidence } };
    }
    case 'is switched':
      return { type: 'rollout.switched', data: { ...head, ...parts(state, group, rollout), passed: evidence } };
    case 'rollout pauses':
      return { type: 'rollout.paused', data: { ...head, by: 'step', passed: evidence } };
    case 'rollout fails': {
      const next = rollout.policy.autoRollback ? 'roll-back' : 'halt';
      return { type: 'rollout.failed', data: { ...head, cause: 'unhealthy', reason: 'ill', next, failed: evidence } };
    }
    default: {
      const type = rollout.status === 'rolling-back' ? 'rollout.rolled-back' : 'rollout.succeeded';
      return { type, data: head };
    }
  }
}

/** There: to who stands by, from all others. Back: to who is kept out, from who stood by. */
function parts(state: FleetState, group: Group, rollout: Rollout): { to: ServerId[]; from: ServerId[] } {
  const isBack = rollout.status === 'rolling-back';
  const members = [...group.servers].map((id) => state.serverById.get(id)).filter((one) => one !== undefined);
  const isStandby = (id: ServerId) => rollout.standby?.servers.has(id) === true;
  const kept = members.filter(({ member }) => member?.cordon?.until === 'rolled' && member.admittedAt === null);
  return {
    to: kept.filter(({ id }) => isStandby(id) !== isBack).map(({ id }) => id),
    from: members.filter((one) => isServing(one) && isStandby(one.id) === isBack).map(({ id }) => id),
  };
}
