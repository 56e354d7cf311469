/** The fold of what concerns the fleet as a whole: its creation, its leaders, its balancers. */
import { defaultGroupPolicy } from '../../schemas/policy.ts';
import { groupIdOf } from '../../schemas/ids.ts';
import type { Event } from '../../schemas/events.ts';
import { addGroup } from './evolve-groups.ts';
import type { FleetState } from './state.ts';

export function fleetCreated(state: FleetState, { data, position }: Event<'fleet.created'>): void {
  state.fleet = data.fleet;
  state.log = data.log;
  for (const name of data.groups) {
    addGroup(state, { id: groupIdOf(name), name, policy: defaultGroupPolicy, position });
  }
}

export function coordinatorElected(state: FleetState, { data }: Event<'coordinator.elected'>): void {
  state.term = data.term;
}

export function logRecovered(state: FleetState, { data }: Event<'log.recovered'>): void {
  state.recovered = { term: state.term, at: data.at };
}

export function keyRotated(state: FleetState, { data }: Event<'log.key-rotated'>): void {
  state.signer = { key: data.key, publicKey: data.publicKey };
}

export function balancerRegistered(state: FleetState, { data, position }: Event<'balancer.registered'>): void {
  const { balancer: id, kind, groups } = data;
  const lostAt = state.balancerById.get(id)?.lostAt ?? null;
  state.balancerById.set(id, { id, kind, groups, changedAt: position, lostAt });
}

export function balancerRetired(state: FleetState, { data }: Event<'balancer.retired'>): void {
  state.balancerById.delete(data.balancer);
}

export function balancerLost(state: FleetState, { data, position }: Event<'balancer.lost'>): void {
  const balancer = state.balancerById.get(data.balancer);
  if (balancer !== undefined) balancer.lostAt = position;
}

export function balancerReturned(state: FleetState, { data }: Event<'balancer.returned'>): void {
  const balancer = state.balancerById.get(data.balancer);
  if (balancer !== undefined) balancer.lostAt = null;
}
