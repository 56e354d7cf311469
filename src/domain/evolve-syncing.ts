/** The fold of what members prove: ready, failed, asked to try again. */
import type { Event } from '../../schemas/events.ts';
import { noteProgress } from './evolve-rollouts.ts';
import { mayEnter } from './membership.ts';
import { changeMember } from './settle.ts';
import type { FleetState } from './state.ts';

/** A member kept out by a cordon, a drain or its absence proves its sets too, without entering. */
export function serverReady(state: FleetState, event: Event<'server.ready'>): void {
  const { server: id, group, covers } = event.data;
  const isMember = state.serverById.get(id)?.member?.group === group;
  if (isMember) noteProgress(state.groupById.get(group), id, event.at);
  changeMember(state, { event, server: id, group }, (member, server) => ({
    covers,
    coversAt: event.at,
    failing: null,
    ...(mayEnter(member) && server.lost === null ? { admittedAt: event.position } : {}),
  }));
}

/** A server already in the pool stays in, serving its last good set: `covers` is what it proved, not what it missed. */
export function serverSyncFailed(state: FleetState, event: Event<'server.sync-failed'>): void {
  const { server: id, group, covers, failures, final } = event.data;
  changeMember(state, { event, server: id, group }, () => ({
    failing: { final, at: event.position, covers, failures },
  }));
}

export function serverRetried(state: FleetState, event: Event<'server.retried'>): void {
  const { server: id, group } = event.data;
  changeMember(state, { event, server: id, group }, () => ({ failing: null, directiveAt: event.position }));
}
