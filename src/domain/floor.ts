/**
 * The floor: how far missing heartbeats may take a pool down. All of its arithmetic, and nothing else.
 *
 * Absences within one window count together against what the pool was at its widest in that window. One absence is one
 * event, so a step is never more than one server. Whoever a command takes out is not counted, but never does an
 * absence take the last server that takes requests.
 */
import type { Absences, Group } from './state.ts';

type Pool = Pick<Group, 'policy' | 'servingCount' | 'heldCount' | 'absences'>;

/** Servers a pool that had `size` keeps through absences: its share, rounded up, and at least one. */
export function floorOf(size: number, floorPercent: number): number {
  return Math.max(1, Math.ceil((size * floorPercent) / 100));
}

/** The window an absence at `at` counts in: the one that has begun, or one that begins with it. */
export function absencesAt({ policy, servingCount, absences }: Pool, at: number): Absences {
  if (absences === null || at > absences.beganAt + policy.floorWindowMs) {
    return { beganAt: at, size: servingCount, removed: 0 };
  }
  return { ...absences, size: Math.max(absences.size, servingCount) };
}

/** True when one server that takes requests may be taken out for its absence; otherwise it is held. */
export function allowsRemoval(pool: Pool, at: number): boolean {
  const { size, removed } = absencesAt(pool, at);
  return size - removed - 1 >= floorOf(size, pool.policy.floorPercent) && pool.servingCount > 1;
}

/** True when a server held for its absence may go after all: enough others take requests, this one not among them. */
export function allowsLettingGo(pool: Pool, at: number): boolean {
  const { servingCount, heldCount, policy } = pool;
  const size = Math.max(absencesAt(pool, at).size, servingCount + heldCount);
  return heldCount > 0 && servingCount >= floorOf(size, policy.floorPercent);
}

/** What the pool was, and what it keeps of that: for sentences. */
export function floorAt(pool: Pool, at: number): { readonly size: number; readonly floor: number } {
  const { size } = absencesAt(pool, at);
  return { size, floor: floorOf(size, pool.policy.floorPercent) };
}

/** What a command that takes `taken` serving servers out leaves, if that is below the floor; null when it is not. */
export function shortfall(
  pool: Pool,
  { at, taken }: { readonly at: number; readonly taken: number },
): { readonly left: number; readonly size: number; readonly floor: number } | null {
  const { size, floor } = floorAt(pool, at);
  const left = pool.servingCount - taken;
  return taken > 0 && left < floor ? { left, size, floor } : null;
}
