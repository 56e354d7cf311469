/**
 * The decider: what becomes of a command. Promises: every command yields exactly one event, what happened or
 * `command.rejected`, unless it is the repeat of one answered before; the same inputs give the same event, for ever.
 * Must not know clocks, randomness, I/O, or what was observed. Duties of the caller: `at` is never lower than the
 * state's, `position` is the next one, the event is folded into this state before the next command is decided, and
 * nobody is told before its append is acknowledged. What the coordinator itself says happened goes through `propose`;
 * an event too large for a record is replaced by `tooLarge` before it is folded.
 */
import type { Command } from '../../schemas/commands.ts';
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import { assert, never } from '../std/failure.ts';
import type { Asked, DecideContext } from './asked.ts';
import { registerBalancer, retireBalancer } from './balancer-rules.ts';
import { cordonServer, drainServer, retryServer, uncordonServer } from './cordon-rules.ts';
import { requestDeployment, requestRelease, rollBackDeployment, withdrawDeployment } from './deployment-rules.ts';
import { eventOf, rejectedFact } from './event-of.ts';
import { configureGroup, createGroup, deleteGroup } from './group-rules.ts';
import { refuseConflict } from './if-position.ts';
import { joinGroup, leaveGroup, moveServer, replaceServer, retireServer } from './member-rules.ts';
import { refuseForbidden } from './permissions.ts';
import { deprecateProject, publishProject, retireProject } from './project-rules.ts';
import { lookUp } from './repeats.ts';
import { abortRollout, pauseRollout, promoteRollout, resumeRollout, retryRollout } from './rollout-rules.ts';
import { type Ruling, refuse } from './ruling.ts';
import { configureServer, registerServer } from './server-rules.ts';
import { setServers } from './set-servers-rule.ts';
import type { FleetState } from './state.ts';
import { refuseUntimely } from './timeliness.ts';

export type { Asked, DecideContext } from './asked.ts';
export { type Proposal, type ProposeContext, isRejection, propose } from './propose.ts';
export { tooLarge } from './too-large.ts';

export type Decision =
  | { readonly status: 'decided'; readonly event: Event }
  /** Seen before with the same body: the event at this position is its outcome. */
  | { readonly status: 'repeat'; readonly position: Position };

export function decide(state: FleetState, asked: Asked, context: DecideContext): Decision {
  assert(context.position === state.position + 1, 'a decision takes the position after the last one folded');
  assert(context.at >= state.at, '`at` never goes back');
  const { principal, command, position, at, askedAt } = context;
  const seen = lookUp(state.repeats, { principal, id: command.id });
  if (seen !== undefined && seen.hash === command.hash) return { status: 'repeat', position: seen.position };
  const ruling = seen === undefined ? rule(state, asked, context) : reused(seen.position);
  const fact = ruling.status === 'accepted' ? ruling.fact : rejectedFact(typeOf(asked), ruling.rejection);
  const warnings = ruling.status === 'accepted' ? ruling.warnings : [];
  const { reason } = asked.envelope;
  const event = eventOf({ position, at, askedAt, principal, command, reason, warnings }, fact);
  return { status: 'decided', event };
}

function rule(state: FleetState, asked: Asked, context: DecideContext): Ruling {
  const { at, principal } = context;
  const { issuedAt, ifPosition } = asked.envelope;
  const untimely = refuseUntimely({ at, issuedAt });
  if (untimely !== undefined) return untimely;
  if (asked.kind === 'refused') return refuse(asked.rejection);
  const { command } = asked;
  return (
    refuseForbidden(principal, command) ??
    refuseConflict(state, { command, ifPosition }) ??
    ruleOn(state, command, context)
  );
}

function ruleOn(state: FleetState, { type, payload }: Command, { at, principal }: DecideContext): Ruling {
  switch (type) {
    case 'group.create':
      return createGroup(state, payload);
    case 'group.configure':
      return configureGroup(state, payload);
    case 'group.delete':
      return deleteGroup(state, payload);
    case 'group.set-servers':
      return setServers(state, payload, at);
    case 'server.register':
      return registerServer(state, payload);
    case 'server.configure':
      return configureServer(state, payload);
    case 'server.join':
      return joinGroup(state, payload);
    case 'server.leave':
      return leaveGroup(state, payload, at);
    case 'server.move':
      return moveServer(state, payload, at);
    case 'server.retire':
      return retireServer(state, payload, at);
    case 'server.cordon':
      return cordonServer(state, payload);
    case 'server.drain':
      return drainServer(state, payload, { principal, at });
    case 'server.uncordon':
      return uncordonServer(state, payload);
    case 'server.retry':
      return retryServer(state, payload);
    case 'server.replace':
      return replaceServer(state, payload);
    case 'project.publish':
      return publishProject(state, payload);
    case 'project.deprecate':
      return deprecateProject(state, payload);
    case 'project.retire':
      return retireProject(state, payload);
    case 'deployment.request':
      return requestDeployment(state, payload);
    case 'release.request':
      return requestRelease(state, payload);
    case 'deployment.rollback':
      return rollBackDeployment(state, payload);
    case 'rollout.pause':
      return pauseRollout(state, payload);
    case 'rollout.resume':
      return resumeRollout(state, payload);
    case 'rollout.promote':
      return promoteRollout(state, payload);
    case 'rollout.abort':
      return abortRollout(state, payload);
    case 'rollout.retry':
      return retryRollout(state, payload);
    case 'deployment.withdraw':
      return withdrawDeployment(state, payload);
    case 'balancer.register':
      return registerBalancer(state, payload);
    case 'balancer.retire':
      return retireBalancer(state, payload);
    default:
      return never(type);
  }
}

function reused(position: Position): Ruling {
  return refuse({
    code: 'id-reused',
    message: `this id was used for another command, answered at position ${position}`,
    field: 'id',
    next: 'ask again with a new id',
  });
}

function typeOf(asked: Asked): string {
  return asked.kind === 'command' ? asked.command.type : asked.type;
}
