/** What the leader proposes at the end of a drain, and at the end of a replacement's beginning. */
import type { EventData } from '../../schemas/events.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { isLeaving, isServing, sameNext } from './membership.ts';
import { overtaken } from './ruling.ts';
import type { Drain, FleetState } from './state.ts';

/** Out only as the log says, and only with evidence that nobody is cut off before the deadline. */
export function refuseLeft(state: FleetState, data: EventData<'server.left'>, at: number): Rejection | undefined {
  const member = state.serverById.get(data.server)?.member ?? null;
  if (member?.group !== data.group || !isLeaving(member) || !sameNext(member.drain.next, data.next)) {
    return overtaken(`server "${data.server}" is not leaving group "${data.group}" this way`);
  }
  return refuseEvidence(member.drain, data, at);
}

export function refuseDrained(state: FleetState, data: EventData<'server.drained'>, at: number): Rejection | undefined {
  const drain = drainOf(state, data);
  if (drain === null || drain.next !== null) {
    return overtaken(`server "${data.server}" is not draining to stay in group "${data.group}"`);
  }
  return refuseEvidence(drain, data, at);
}

/** The one takes its place before the other gives it up. */
export function refuseReplaced(state: FleetState, data: EventData<'server.replaced'>): Rejection | undefined {
  const { server: id, by, group } = data;
  const [old, taking] = [state.serverById.get(id), state.serverById.get(by)];
  const standsIn = taking?.member?.group === group && taking.member.replaces === id;
  if (taking === undefined || !standsIn) return overtaken(`server "${by}" does not replace server "${id}"`);
  if (!isServing(taking)) return overtaken(`server "${by}" does not take requests yet`);
  const member = old?.member ?? null;
  if (member?.group !== group || isLeaving(member)) {
    return overtaken(`server "${id}" is not in group "${group}" to stay`);
  }
  return undefined;
}

interface Drained {
  readonly server: EventData<'server.drained'>['server'];
  readonly group: EventData<'server.drained'>['group'];
  readonly evidence: EventData<'server.drained'>['evidence'];
}

function drainOf(state: FleetState, { server, group }: Drained): Drain | null {
  const member = state.serverById.get(server)?.member ?? null;
  return member?.group === group ? member.drain : null;
}

function refuseEvidence({ deadlineAt }: Drain, { server, evidence }: Drained, at: number): Rejection | undefined {
  const { inFlight, deadlinePassed, unconfirmed } = evidence;
  if (deadlinePassed && at < deadlineAt) {
    return { code: 'invalid', message: `the drain of server "${server}" has time left`, field: 'evidence' };
  }
  if (!deadlinePassed && (inFlight > 0 || unconfirmed.length > 0)) {
    return { code: 'invalid', message: `the drain of server "${server}" is not over`, field: 'evidence' };
  }
  return undefined;
}
