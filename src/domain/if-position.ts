/** `ifPosition`: a command that holds only if what it changes has not changed since it was looked at. */
import type { Command } from '../../schemas/commands.ts';
import { type Position, groupIdOf } from '../../schemas/ids.ts';
import { never } from '../std/failure.ts';
import { type Refused, refuse } from './ruling.ts';
import type { FleetState } from './state.ts';
import { quote } from './wording.ts';

export interface Condition {
  readonly command: Command;
  readonly ifPosition: Position | undefined;
}

/** What is not there was last changed at 0, so `ifPosition: 0` means "only if it is not there yet". */
export function refuseConflict(state: FleetState, { command, ifPosition }: Condition): Refused | undefined {
  if (ifPosition === undefined) return undefined;
  const { what, changed } = changedBy(state, command);
  const changedAt = changed?.changedAt ?? 0;
  if (changedAt === ifPosition) return undefined;
  const found = changed === undefined ? 'is not there' : `was last changed at position ${changedAt}`;
  return refuse({
    code: 'conflict',
    message: `${what} ${found}, not at ${ifPosition} as expected`,
    field: 'ifPosition',
    next: 'look at it again, then ask with the position it has now',
  });
}

interface Changed {
  readonly what: string;
  readonly changed: { readonly changedAt: Position } | undefined;
}

function changedBy(state: FleetState, { type, payload }: Command): Changed {
  switch (type) {
    case 'group.create':
    case 'group.configure':
    case 'group.delete':
    case 'group.set-servers':
    case 'release.request':
      return { what: `group ${quote(payload.group)}`, changed: state.groupById.get(groupIdOf(payload.group)) };
    case 'server.register':
    case 'server.configure':
    case 'server.join':
    case 'server.leave':
    case 'server.move':
    case 'server.retire':
    case 'server.cordon':
    case 'server.drain':
    case 'server.uncordon':
    case 'server.retry':
    case 'server.replace':
      return { what: `server ${quote(payload.server)}`, changed: state.serverById.get(payload.server) };
    case 'project.publish':
    case 'project.deprecate':
    case 'project.retire':
      return { what: `project ${quote(payload.project)}`, changed: state.projectById.get(payload.project) };
    case 'deployment.request':
    case 'deployment.rollback':
    case 'deployment.withdraw':
    case 'rollout.pause':
    case 'rollout.resume':
    case 'rollout.promote':
    case 'rollout.abort':
    case 'rollout.retry':
      return {
        what: `the deployment of ${quote(payload.project)} to ${quote(payload.group)}`,
        changed: state.groupById.get(groupIdOf(payload.group))?.deploymentByProject.get(payload.project),
      };
    case 'balancer.register':
    case 'balancer.retire':
      return { what: `balancer ${quote(payload.balancer)}`, changed: state.balancerById.get(payload.balancer) };
    default:
      return never(type);
  }
}
