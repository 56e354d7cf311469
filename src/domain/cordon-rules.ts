/** What may be asked of a member that stays one: out of the pool and back, and to try again. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { Principal } from '../../schemas/ids.ts';
import { findMember } from './find-member.ts';
import { warnBelowFloor } from './floor-warning.ts';
import { isServing } from './membership.ts';
import { isServerItself } from './permissions.ts';
import { standsBy } from './rolled-cordons.ts';
import { type Ruling, accept, unchanged } from './ruling.ts';
import type { FleetState } from './state.ts';

/** An operator's cordon outlasts the restart that would end the server's own. */
export function cordonServer(state: FleetState, payload: CommandPayload<'server.cordon'>): Ruling {
  const found = findMember(state, payload.server);
  if (found.status === 'refused') return found;
  const { server, member, group } = found.value;
  if (member.cordon?.until === 'uncordoned') return unchanged(`server "${server.id}" is cordoned already`);
  return accept({ type: 'server.cordoned', data: { server: server.id, group: group.id } });
}

export interface DrainAsked {
  readonly principal: Principal;
  readonly at: number;
}

/** A server that stops drains itself, until it registers again; what an operator drains stays out until uncordoned. */
export function drainServer(
  state: FleetState,
  payload: CommandPayload<'server.drain'>,
  { principal, at }: DrainAsked,
): Ruling {
  const found = findMember(state, payload.server);
  if (found.status === 'refused') return found;
  const { server, member, group } = found.value;
  const { cordon, drain } = member;
  const byItself = isServerItself(principal, server.id) && cordon?.until !== 'uncordoned';
  const until = byItself ? 'registered' : 'uncordoned';
  const drained = drain !== null || cordon?.drained === true;
  if (drained && cordon?.until === until) {
    return unchanged(`server "${server.id}" is ${drain === null ? 'drained' : 'draining'} already`);
  }
  const { drainTimeoutMs } = group.policy;
  return accept(
    { type: 'server.draining', data: { server: server.id, group: group.id, drainTimeoutMs, until } },
    warnBelowFloor(group, { at, taken: isServing(server) ? 1 : 0 }),
  );
}

export function uncordonServer(state: FleetState, payload: CommandPayload<'server.uncordon'>): Ruling {
  const found = findMember(state, payload.server);
  if (found.status === 'refused') return found;
  const { server, member, group } = found.value;
  if (member.cordon === null) return unchanged(`server "${server.id}" is not cordoned`);
  if (member.cordon.until === 'rolled' && member.cordon.drained && standsBy(group, server.id)) {
    return unchanged(`server "${server.id}" stands by for a rollout, which switches to it when it is time`);
  }
  return accept({ type: 'server.uncordoned', data: { server: server.id, group: group.id } });
}

export function retryServer(state: FleetState, payload: CommandPayload<'server.retry'>): Ruling {
  const found = findMember(state, payload.server);
  if (found.status === 'refused') return found;
  const { server, member, group } = found.value;
  if (member.failing === null) return unchanged(`server "${server.id}" has failed nothing that it could try again`);
  return accept({ type: 'server.retried', data: { server: server.id, group: group.id } });
}
