/** `group.set-servers`: many servers in and out of one group by one event. Whoever is to come must be free to. */
import type { CommandPayload } from '../../schemas/commands.ts';
import type { ServerId } from '../../schemas/ids.ts';
import { findGroup, findServer } from './find.ts';
import { nameOf, refuseLeaving } from './find-member.ts';
import { warnBelowFloor } from './floor-warning.ts';
import { isBoundFor, isLeaving, isServing } from './membership.ts';
import { type Refused, type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState, Group } from './state.ts';
import { list } from './wording.ts';

export function setServers(state: FleetState, payload: CommandPayload<'group.set-servers'>, at: number): Ruling {
  const found = findGroup(state, payload.group);
  if (found.status === 'refused') return found;
  const group = found.value;
  const wanted = wantedOf(state, { group, payload });
  if (wanted.status === 'refused') return wanted;

  const joined: ServerId[] = [];
  for (const id of wanted.add) {
    const joining = joiningOf(state, { group, id });
    if (joining.status === 'refused') return joining;
    if (joining.joins) joined.push(id);
  }
  const leaving = [...wanted.remove].filter((id) => isStaying(state, id));
  if (joined.length === 0 && leaving.length === 0) {
    return unchanged(`group "${group.name}" has exactly these servers already`);
  }
  const { drainTimeoutMs } = group.policy;
  const taken = leaving.filter((id) => isServingNow(state, id)).length;
  return accept(
    {
      type: 'group.servers-set',
      data: { group: group.id, joined: joined.sort(), leaving: leaving.sort(), drainTimeoutMs },
    },
    warnBelowFloor(group, { at, taken }),
  );
}

interface Wanted {
  readonly status: 'wanted';
  readonly add: ReadonlySet<ServerId>;
  /** Members of the group, those draining already among them. */
  readonly remove: ReadonlySet<ServerId>;
}

interface Asked {
  readonly group: Group;
  readonly payload: CommandPayload<'group.set-servers'>;
}

function wantedOf(state: FleetState, { group, payload }: Asked): Wanted | Refused {
  if (payload.servers !== undefined) {
    const whole = new Set(payload.servers);
    const coming = firstComing({ group, except: whole });
    if (coming !== undefined) return comingAnyway({ group, id: coming });
    return { status: 'wanted', add: whole, remove: new Set([...group.servers].filter((id) => !whole.has(id))) };
  }
  const add = new Set(payload.add);
  const remove = new Set<ServerId>();
  for (const id of payload.remove ?? []) {
    const server = findServer(state, id);
    if (server.status === 'refused') return server;
    if (isBoundFor(server.value, group.id)) return comingAnyway({ group, id });
    if (group.servers.has(id)) remove.add(id);
  }
  const both = (payload.remove ?? []).filter((id) => add.has(id));
  if (both.length > 0) {
    return refuse({ code: 'invalid', message: `to be added and removed at once: ${list(both)}`, field: 'remove' });
  }
  return { status: 'wanted', add, remove };
}

interface OneServer {
  readonly group: Group;
  readonly id: ServerId;
}

function joiningOf(state: FleetState, { group, id }: OneServer): { status: 'free'; joins: boolean } | Refused {
  const found = findServer(state, id);
  if (found.status === 'refused') return found;
  const { member } = found.value;
  if (member === null) return { status: 'free', joins: true };
  if (isBoundFor(found.value, group.id)) return { status: 'free', joins: false };
  if (isLeaving(member)) return refuseLeaving(state, { id, group: member.group, next: member.drain.next });
  if (member.group === group.id) return { status: 'free', joins: false };
  return refuse({
    code: 'server-elsewhere',
    message: `server "${id}" is in group "${nameOf(state, member.group)}"`,
    next: `muster server move ${id} ${group.name}`,
  });
}

/** A whole list must say of every server that is on its way in, too, whether it belongs. */
function firstComing({ group, except }: { group: Group; except: ReadonlySet<ServerId> }): ServerId | undefined {
  for (const id of group.inbound) if (!except.has(id)) return id;
  return undefined;
}

function comingAnyway({ group, id }: OneServer): Refused {
  return refuse({
    code: 'server-leaving',
    message: `server "${id}" is on its way into group "${group.name}": it can be taken out once it has arrived`,
    next: `muster server get ${id}`,
  });
}

function isStaying(state: FleetState, id: ServerId): boolean {
  const member = state.serverById.get(id)?.member ?? null;
  return member !== null && !isLeaving(member);
}

function isServingNow(state: FleetState, id: ServerId): boolean {
  const server = state.serverById.get(id);
  return server !== undefined && isServing(server);
}
