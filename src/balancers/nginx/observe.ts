/** What nginx says of itself on its status interface, and what that means for one group's pool. Pure. */
import { z } from 'zod';
import type { GroupId } from '../../../schemas/ids.ts';
import type { DesiredPool, ObservedPoolServer } from '../balancer.ts';
import { type Generation, mayReach } from './generation-book.ts';

const Status = z.object({ generation: z.string(), worker: z.int(), writing: z.int() });

export interface Status {
  /** Of the file the answering worker was started from. */
  readonly generation: string;
  /** The process that answered. */
  readonly worker: number;
  /** Requests in flight in all of nginx, this question among them. */
  readonly writing: number;
}

/** Undefined when the text is not ours. */
export function parseStatus(text: string): Status | undefined {
  try {
    return Status.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export interface ObservedFacts {
  readonly group: GroupId;
  /** Of the generation nginx runs. */
  readonly pool: DesiredPool;
  readonly writing: number;
  /** What each worker runs that a reload replaced and that has not ended; undefined where nobody knows. */
  readonly leaving: readonly (Generation | undefined)[];
}

/**
 * nginx counts no requests by server. One that takes no new requests has none in a worker that was started so: what it
 * has is in workers that a reload replaced, and each that may reach it counts as one until it has ended. One that takes
 * requests has at most all there are.
 */
export function observedServers({ group, pool, writing, leaving }: ObservedFacts): ObservedPoolServer[] {
  const inLeaving = (server: ObservedPoolServer['server']) =>
    leaving.filter((generation) => mayReach(generation, group, server)).length;
  const held = pool.servers.map((one): ObservedPoolServer => {
    const inFlight = one.admin === 'ready' ? Math.max(0, writing - 1) : inLeaving(one.server);
    return { ...one, healthy: true, inFlight };
  });
  const seen = new Set(pool.servers.map(({ server }) => server));
  const left: ObservedPoolServer[] = [];
  for (const generation of leaving) {
    for (const one of generation?.pools.find((each) => each.group === group)?.servers ?? []) {
      const inFlight = inLeaving(one.server);
      if (seen.has(one.server) || inFlight === 0) continue;
      seen.add(one.server);
      left.push({ ...one, admin: 'maintenance', healthy: true, inFlight });
    }
  }
  return [...held, ...left];
}
