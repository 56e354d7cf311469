/** The fold of cordons, and of drains that end in one. */
import type { Event, EventHead } from '../../schemas/events.ts';
import type { GroupId, ServerId } from '../../schemas/ids.ts';
import { isInPool, isLeaving } from './membership.ts';
import { cordonBeneath, endWaiting, takeFromRollouts } from './rolled-cordons.ts';
import { changeMember } from './settle.ts';
import type { FleetState, Member } from './state.ts';

export function serverCordoned(state: FleetState, event: Event<'server.cordoned'>): void {
  const { server: id, group } = event.data;
  changeMember(state, { event, server: id, group }, (member, server) => {
    server.changedAt = event.position;
    const told = takenOver(state, member, id) ? { directiveAt: event.position } : {};
    return { cordon: { at: event.position, drained: false, ...member.cordon, until: 'uncordoned' }, ...told };
  });
}

export function serverDraining(state: FleetState, event: Event<'server.draining'>): void {
  const { server: id, group, drainTimeoutMs, until } = event.data;
  const { position, at } = event;
  changeMember(state, { event, server: id, group }, (member, server) => {
    server.changedAt = position;
    const cordon = { at: position, drained: false, ...member.cordon, until };
    const told = takenOver(state, member, id) ? { directiveAt: position } : {};
    if (member.drain !== null || cordon.drained) return { cordon, ...told };
    if (!isInPool(member)) return { cordon: { ...cordon, drained: true }, directiveAt: position };
    const drain = { at: position, deadlineAt: at + drainTimeoutMs, wasInPool: true, next: null };
    return { cordon, drain, directiveAt: position, held: false };
  });
}

/** What a rollout took out becomes a person's to put back; true when it was a rollout's. */
function takenOver(state: FleetState, { cordon, group, drain }: Member, id: ServerId): boolean {
  if (drain !== null) takeFromRollouts(state.groupById.get(group), id);
  return cordon?.until === 'rolled';
}

/** Its directive says `draining` since the drain began, and goes on saying so; unless a rollout took it out to change it. */
export function serverDrained(state: FleetState, event: Event<'server.drained'>): void {
  const { server: id, group } = event.data;
  changeMember(state, { event, server: id, group }, (member) => {
    if (isLeaving(member)) return {};
    const cordon = { at: event.position, until: 'uncordoned' as const, ...member.cordon, drained: true };
    const waited = endWaiting(state.groupById.get(group), id);
    const told = waited || cordon.until === 'rolled' ? { directiveAt: event.position } : {};
    return { cordon, drain: null, admittedAt: null, held: false, ...told };
  });
}

export function serverUncordoned(state: FleetState, event: Event<'server.uncordoned'>): void {
  const { server: id, group } = event.data;
  changeMember(state, { event, server: id, group }, (member, server) => {
    server.changedAt = event.position;
    if (isLeaving(member)) return { cordon: null };
    takenOver(state, member, id);
    const isRolled = member.drain === null && member.cordon?.until === 'rolled';
    const wasTold = !isRolled && (member.drain !== null || member.cordon?.drained === true || !isInPool(member));
    const beneath = isRolled ? null : cordonBeneath(state.groupById.get(group), id, event.position);
    const staysIn = member.drain === null || server.lost === null;
    return {
      cordon: member.drain === null && !isInPool(member) ? beneath : null,
      drain: null,
      ...(wasTold ? { directiveAt: event.position } : {}),
      // An absent server whose drain is called off must not take requests again: it comes back by a proof.
      ...(staysIn ? {} : { admittedAt: null, covers: 0 }),
    };
  });
}

interface Registered {
  readonly event: EventHead;
  readonly server: ServerId;
  readonly group: GroupId;
}

/**
 * A server that drained itself to stop has started again. The process that was in the pool is gone, so nothing of it
 * is waited for any more; the new one enters by a proof of its own.
 */
export function backFromStop(state: FleetState, { event, server, group }: Registered): void {
  changeMember(state, { event, server, group }, (member) => {
    if (member.cordon?.until !== 'registered') return {};
    if (isLeaving(member)) return { cordon: null };
    takenOver(state, member, server);
    const back = restarted(member);
    const isOut = back.admittedAt === null || !isInPool(member);
    const cordon = isOut ? cordonBeneath(state.groupById.get(group), server, event.position) : null;
    return { cordon, directiveAt: event.position, ...back };
  });
}

function restarted({ drain, cordon }: Member): Partial<Member> {
  if (drain === null && cordon?.drained !== true) return {};
  return { drain: null, admittedAt: null, covers: 0, failing: null };
}
