/** What the leader proposes of servers that a rollout has taken out of the pool: back in, one by one or by a switch. */
import type { EventData } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { isInPool, isServing } from './membership.ts';
import { hasProved, isMoved, isWitness } from './release.ts';
import { rolledCordonIsOver } from './rolled-cordons.ts';
import { type UnderWay, membersOf, underWay } from './rollout-proposals.ts';
import { overtaken } from './ruling.ts';
import type { FleetState, Server } from './state.ts';

/** A cordon that a person or the server itself has set is not the leader's to lift. */
export function refuseUncordoned(state: FleetState, data: EventData<'server.uncordoned'>): Rejection | undefined {
  const { server: id, group: groupId } = data;
  const [server, group] = [state.serverById.get(id), state.groupById.get(groupId)];
  if (server?.member == null || group === undefined || server.member.group !== groupId) {
    return overtaken(`server "${id}" is not in group "${groupId}"`);
  }
  if (rolledCordonIsOver(group, server)) return undefined;
  return overtaken(`server "${id}" is not to come back into the pool by a rollout`);
}

/**
 * All that takes requests with the other version leaves the pool, so that none meets it afterwards, but for whom a
 * person has cordoned in it; and what traffic is switched to has proved what it holds. Back: to the old part, as long
 * as none of it was moved.
 */
export function refuseSwitched(state: FleetState, data: EventData<'rollout.switched'>): Rejection | undefined {
  const about = underWay(state, data, ['running', 'rolling-back']);
  if ('code' in about) return about;
  const { rollout, group } = about;
  const isBack = rollout.status === 'rolling-back';
  if (rollout.standby === null || (rollout.standby.switchedAt === null) === isBack) {
    return overtaken(`rollout ${rollout.id} has nothing to switch`);
  }
  const ready = new Set(membersOf(state, group).filter((server) => mayBeSwitchedTo(about, server)));
  const [to, from] = [new Set(data.to), new Set(data.from)];
  const { servers: standby } = rollout.standby;
  for (const id of to) {
    const server = state.serverById.get(id);
    if (server === undefined || !ready.has(server)) return overtaken(`server "${id}" is not ready to be switched to`);
  }
  if (to.size === 0) return overtaken(`rollout ${rollout.id} switches to nobody`);
  const other = membersOf(state, group).filter((server) => isServing(server) && standby.has(server.id) === isBack);
  const missed = other.find(({ id, member }) => member?.cordon === null && !from.has(id));
  if (missed !== undefined) return overtaken(`server "${missed.id}" takes requests, and is not switched from`);
  const leaving = new Set(other.map(({ id }) => id));
  const stranger = data.from.find((id) => !leaving.has(id));
  return stranger === undefined ? undefined : overtaken(`server "${stranger}" is not among those to switch from`);
}

function mayBeSwitchedTo({ group, rollout }: UnderWay, server: Server): boolean {
  const { member, id } = server;
  if (member === null || member.cordon?.until !== 'rolled' || member.drain !== null) return false;
  if (!isWitness(group, server) || isInPool(member) || !hasProved(group, member)) return false;
  const isStandby = rollout.standby?.servers.has(id) === true;
  return rollout.status === 'rolling-back' ? !isStandby && !isMoved(rollout, server) : isStandby;
}
