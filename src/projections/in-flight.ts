/** What is in flight on a server, by everybody who counts. */
import type { FleetState, Server } from '../domain/state.ts';
import { appliedBy, balancersOf } from './balancers.ts';
import type { Observed } from './observed.ts';

/**
 * The larger of what the server says and what any balancer of its group still counts on it while it drains. Null: the
 * server cannot count, nor can every balancer that may have sent to it, so nobody knows.
 */
export function inFlightOn(
  state: FleetState,
  observed: Observed,
  { id, member }: Pick<Server, 'id' | 'member'>,
): number | null {
  const beat = observed.serverById.get(id)?.beat ?? null;
  const counts: number[] = [];
  const isCounting = beat === null || beat.inFlight !== undefined;
  if (isCounting) counts.push(beat?.inFlight ?? 0);
  const balancers = member?.drain == null ? [] : balancersOf(state, member.group);
  for (const balancer of balancers) {
    const applied = member === null ? null : appliedBy(state, observed, { balancer, group: member.group });
    const counted = applied?.applied.inFlight.find(({ server }) => server === id);
    if (counted !== undefined) counts.push(counted.inFlight);
  }
  const isKnown = isCounting || (balancers.length > 0 && counts.length === balancers.length);
  return isKnown ? Math.max(...counts) : null;
}
