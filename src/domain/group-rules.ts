/** What may be asked of groups, their members aside. */
import { groupIdOf } from '../../schemas/ids.ts';
import type { CommandPayload } from '../../schemas/commands.ts';
import { defaultGroupPolicy } from '../../schemas/policy.ts';
import { findGroup } from './find.ts';
import { groupsMax } from './limits.ts';
import { isLeaving } from './membership.ts';
import { overlayGroup, samePolicy } from './rollout-policy.ts';
import { type Ruling, accept, refuse, unchanged } from './ruling.ts';
import type { FleetState, Group } from './state.ts';
import { list } from './wording.ts';

export function createGroup(state: FleetState, { group: name, policy }: CommandPayload<'group.create'>): Ruling {
  const id = groupIdOf(name);
  const existing = state.groupById.get(id);
  if (existing !== undefined) {
    const spelling = existing.name === name ? '' : `, written "${existing.name}"`;
    return refuse({
      code: 'group-exists',
      message: `there is a group "${name}" already${spelling}; names differ in more than case`,
      field: 'group',
      next: `muster group get ${existing.name}`,
    });
  }
  if (state.groupById.size >= groupsMax) {
    return refuse({ code: 'limit-reached', message: `the fleet has ${groupsMax} groups, as many as it may` });
  }
  return accept({ type: 'group.created', data: { group: id, name, policy: overlayGroup(defaultGroupPolicy, policy) } });
}

export function configureGroup(state: FleetState, payload: CommandPayload<'group.configure'>): Ruling {
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const { id, name, policy: before } = group.value;
  const policy = overlayGroup(before, payload.policy);
  if (samePolicy(policy, before)) return unchanged(`group "${name}" has this policy already`);
  return accept({ type: 'group.configured', data: { group: id, policy } });
}

/** Empty means: no members, none on their way in, nothing deployed. So nothing is ever lost by deleting a group. */
export function deleteGroup(state: FleetState, payload: CommandPayload<'group.delete'>): Ruling {
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  return refuseFull(state, group.value) ?? accept({ type: 'group.deleted', data: { group: group.value.id } });
}

function refuseFull(state: FleetState, group: Group): Ruling | undefined {
  const [server] = group.servers;
  const [project] = group.deploymentByProject.keys();
  if (server !== undefined) {
    const carries = project === undefined ? '' : `, and carries ${list(group.deploymentByProject.keys())}`;
    const member = state.serverById.get(server)?.member ?? null;
    const leaving = member !== null && isLeaving(member);
    return refuse({
      code: 'group-not-empty',
      message: `group "${group.name}" has ${group.servers.size} server(s): ${list(group.servers)}${carries}`,
      next: leaving ? `muster server get ${server}` : `muster server leave ${server}`,
    });
  }
  if (project !== undefined) {
    return refuse({
      code: 'group-not-empty',
      message: `group "${group.name}" carries ${list(group.deploymentByProject.keys())}`,
      next: `muster undeploy ${project} ${group.name}`,
    });
  }
  const [coming] = group.inbound;
  if (coming === undefined) return undefined;
  return refuse({
    code: 'group-not-empty',
    message: `server "${coming}" is on its way into group "${group.name}"`,
    next: `muster server get ${coming}`,
  });
}
