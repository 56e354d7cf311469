/** Balancers are in the log, since a drain waits for each of them. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { GroupId, GroupName } from '../../schemas/ids.ts';
import { findBalancer, findGroup } from './find.ts';
import { balancersMax } from './limits.ts';
import { type Found, type Ruling, accept, found, refuse, unchanged } from './ruling.ts';
import type { Balancer, FleetState } from './state.ts';

/** A balancer registers at every start, so `unchanged` is its usual answer. */
export function registerBalancer(state: FleetState, payload: CommandPayload<'balancer.register'>): Ruling {
  const { balancer: id, kind } = payload;
  const groups = groupsOf(state, payload.groups);
  if (groups.status === 'refused') return groups;
  const known = state.balancerById.get(id);
  if (known?.kind === kind && sameGroups(known.groups, groups.value)) {
    return unchanged(`balancer "${id}" is registered with these groups already`);
  }
  if (known === undefined && state.balancerById.size >= balancersMax) {
    return refuse({
      code: 'limit-reached',
      message: `the fleet has ${balancersMax} balancers, as many as it may`,
    });
  }
  return accept({ type: 'balancer.registered', data: { balancer: id, kind, groups: groups.value } });
}

export function retireBalancer(state: FleetState, payload: CommandPayload<'balancer.retire'>): Ruling {
  const balancer = findBalancer(state, payload.balancer);
  if (balancer.status === 'refused') return balancer;
  return accept({ type: 'balancer.retired', data: { balancer: balancer.value.id } });
}

function groupsOf(state: FleetState, names: 'all' | readonly GroupName[]): Found<'all' | GroupId[]> {
  if (names === 'all') return found('all');
  const ids = new Set<GroupId>();
  for (const name of names) {
    const group = findGroup(state, name);
    if (group.status === 'refused') return refuse({ ...group.rejection, field: 'groups' });
    ids.add(group.value.id);
  }
  return found([...ids].sort());
}

function sameGroups(a: Balancer['groups'], b: Balancer['groups']): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((group, index) => group === b[index]);
}
