/** What the leader proposes of the fleet as a whole: that it is there, who leads it, which balancers are heard. */
import type { EventData } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { overtaken } from './ruling.ts';
import type { FleetState } from './state.ts';

export function refuseFounded(state: FleetState): Rejection | undefined {
  return state.fleet === null ? undefined : overtaken(`fleet "${state.fleet}" is there already`);
}

export function refuseElected(state: FleetState, { term }: EventData<'coordinator.elected'>): Rejection | undefined {
  return term > state.term ? undefined : overtaken(`term ${state.term} has begun already`);
}

export function refuseBalancerLost(state: FleetState, { balancer }: EventData<'balancer.lost'>): Rejection | undefined {
  const known = state.balancerById.get(balancer);
  if (known === undefined) return overtaken(`balancer "${balancer}" is gone`);
  return known.lostAt === null ? undefined : overtaken(`balancer "${balancer}" is known to be lost already`);
}

export function refuseBalancerReturned(
  state: FleetState,
  { balancer }: EventData<'balancer.returned'>,
): Rejection | undefined {
  const known = state.balancerById.get(balancer);
  if (known === undefined) return overtaken(`balancer "${balancer}" is gone`);
  return known.lostAt === null ? overtaken(`balancer "${balancer}" is not lost`) : undefined;
}
