/** Pools and balancers as people read them. */
import type { Balancer, FleetState, Group } from '../domain/state.ts';
import { assert } from '../std/failure.ts';
import type { BalancerView, PoolView } from '../../schemas/views.ts';
import { appliedBy, balancersOf } from './balancers.ts';
import type { Observed } from './observed.ts';
import { byText } from './order.ts';
import { poolOf } from './pool.ts';

/** The pool as the log says it is, and each balancer's word on it. */
export function poolView(state: FleetState, observed: Observed, { id: group }: Group): PoolView {
  const pool = poolOf(state, group);
  assert(pool !== null, `a group has a pool: ${group}`);
  return {
    group,
    position: pool.position,
    servers: pool.entries.map(({ server, address, weight, admin }) => ({ server, address, weight, admin })),
    balancers: balancersOf(state, group).map((balancer) => {
      const newest = appliedBy(state, observed, { balancer, group });
      return {
        balancer,
        applied: newest?.applied.position ?? null,
        listen: newest?.applied.listen ?? null,
        error: newest?.applied.error ?? null,
        seenAt: newest?.seenAt ?? null,
      };
    }),
  };
}

/** Sorted by balancer. `seenAt` is its newest word on any group. */
export function balancerViews(state: FleetState, observed: Observed): BalancerView[] {
  const seenAtByBalancer = new Map<string, number>();
  for (const { applied, seenAt } of observed.appliedByKey.values()) {
    seenAtByBalancer.set(applied.balancer, Math.max(seenAt, seenAtByBalancer.get(applied.balancer) ?? 0));
  }
  return [...state.balancerById.values()]
    .sort((a, b) => byText(a.id, b.id))
    .map((balancer) => ({
      balancer: balancer.id,
      kind: balancer.kind,
      groups: balancer.groups === 'all' ? balancer.groups : [...balancer.groups],
      changedAt: balancer.changedAt,
      status: balancer.lostAt === null ? 'live' : 'lost',
      seenAt: seenAtByBalancer.get(balancer.id) ?? null,
      pools: lagsOf(state, observed, balancer),
    }));
}

/** Sorted by group. How far behind the pool that the log says each is. */
function lagsOf(state: FleetState, observed: Observed, { id: balancer, groups }: Balancer): BalancerView['pools'] {
  const served = groups === 'all' ? [...state.groupById.keys()] : groups.filter((group) => state.groupById.has(group));
  return served.sort(byText).map((group) => {
    const newest = appliedBy(state, observed, { balancer, group })?.applied;
    const wanted = state.groupById.get(group)?.poolChangedAt ?? 0;
    return {
      group,
      applied: newest?.position ?? null,
      lag: Math.max(0, wanted - (newest?.position ?? 0)),
      error: newest?.error ?? null,
    };
  });
}
