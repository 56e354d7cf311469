/** What the leader proposes on receipts: that a member holds its set or failed to. */
import type { EventData } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { Rejection } from '../../schemas/rejection.ts';
import { directivePosition, isLeaving, mayEnter } from './membership.ts';
import { overtaken } from './ruling.ts';
import type { Failing, FleetState, Member, Server } from './state.ts';

export function refuseReady(state: FleetState, data: EventData<'server.ready'>): Rejection | undefined {
  const proving = provingMember(state, data);
  if ('code' in proving) return proving;
  const { member, server } = proving;
  const enters = mayEnter(member) && server.lost === null;
  if (data.covers > member.covers || member.failing !== null || enters) return undefined;
  return overtaken(`server "${data.server}" is known to hold position ${member.covers} already`);
}

export function refuseSyncFailed(state: FleetState, data: EventData<'server.sync-failed'>): Rejection | undefined {
  const proving = provingMember(state, data);
  if ('code' in proving) return proving;
  const { failing } = proving.member;
  if (failing === null || !sameFailing(failing, data)) return undefined;
  return overtaken(`server "${data.server}" is known to fail so already`);
}

interface Synced {
  readonly server: EventData<'server.ready'>['server'];
  readonly group: EventData<'server.ready'>['group'];
  readonly covers: Position;
}

interface Proving {
  readonly server: Server;
  readonly member: Member;
}

/** A receipt counts for the newest directive only: whoever is to enter must hold what it is to hold now. */
function provingMember(state: FleetState, { server: id, group: groupId, covers }: Synced): Proving | Rejection {
  const server = state.serverById.get(id);
  const group = state.groupById.get(groupId);
  const member = server?.member ?? null;
  if (server === undefined || group === undefined) return overtaken(`server "${id}" or its group is gone`);
  if (member?.group !== groupId) return overtaken(`server "${id}" is not in group "${groupId}"`);
  if (isLeaving(member)) return overtaken(`server "${id}" is on its way out of group "${groupId}"`);
  const wanted = directivePosition(group, member);
  if (covers < wanted || covers > state.position) {
    return overtaken(`server "${id}" has to prove position ${wanted}, not ${covers}`);
  }
  return { server, member };
}

function sameFailing(known: Failing, told: EventData<'server.sync-failed'>): boolean {
  const { covers, final, failures } = told;
  return (
    known.covers === covers &&
    known.final === final &&
    known.failures.length === failures.length &&
    known.failures.every(({ project, version, text }, index) => {
      const other = failures[index];
      return project === other?.project && version === other.version && text === other.text;
    })
  );
}
