/** Which balancers spread a group's traffic, and which of them have confirmed a pool. */
import type { FleetState } from '../domain/state.ts';
import type { BalancerId, GroupId, Position, Term } from '../../schemas/ids.ts';
import { appliedKey } from './observed.ts';
import type { Observed, ObservedApplied } from './observed.ts';
import { byText } from './order.ts';

/** Every registered balancer of the group, sorted. */
export function balancersOf(state: FleetState, groupId: GroupId): BalancerId[] {
  const ids: BalancerId[] = [];
  for (const balancer of state.balancerById.values()) {
    if (balancer.groups === 'all' || balancer.groups.includes(groupId)) ids.push(balancer.id);
  }
  return ids.sort(byText);
}

/**
 * The group's balancers whose newest receipt is below `atLeast`. A receipt under another log counts as none: its
 * positions number other events. With `term`, one of an older term counts as none too.
 */
export function unconfirmedBalancers(
  state: FleetState,
  observed: Observed,
  groupId: GroupId,
  atLeast: Position,
  term: Term = 0,
): BalancerId[] {
  return balancersOf(state, groupId).filter((balancer) => {
    const newest = appliedBy(state, observed, { balancer, group: groupId })?.applied;
    return newest === undefined || newest.position < atLeast || newest.term < term;
  });
}

/** The balancer's newest receipt for the group, if it is one under the state's own log. */
export function appliedBy(
  state: FleetState,
  observed: Observed,
  { balancer, group }: { readonly balancer: BalancerId; readonly group: GroupId },
): ObservedApplied | null {
  const newest = observed.appliedByKey.get(appliedKey(balancer, group));
  return newest !== undefined && newest.applied.log === state.log ? newest : null;
}
