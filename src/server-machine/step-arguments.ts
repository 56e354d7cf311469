/** What each step says, taken from the facts. Called by the chart only where the facts hold what is needed. */
import { assert } from '../std/failure.ts';
import type { GroupId } from '../../schemas/ids.ts';
import { deadlinePassed, drainingOf, isEmpty } from './guards.ts';
import type { ServerFacts, StepArguments } from './facts.ts';

export function assignmentTo(facts: ServerFacts): StepArguments['publish-assignment'] {
  return { server: facts.server, group: groupOf(facts), position: facts.assignedAt };
}

/** Hold what is desired and take requests. */
export function servingDirective({ server, membership, desired }: ServerFacts): StepArguments['publish-directive'] {
  assert(membership !== null && membership.status !== 'available' && desired !== null, 'a member has a desired set');
  const { group } = membership;
  return { server, group, position: desired.position, serving: 'yes', projects: desired.projects };
}

/** Refuse what is new, finish what is in flight. Stamped with the leaving, which no earlier directive has reached. */
export function drainingDirective(facts: ServerFacts): StepArguments['publish-directive'] {
  const draining = drainingOf(facts);
  assert(draining !== null && facts.desired !== null, 'a draining server has a desired set');
  const { group, leavingAt: position } = draining;
  return { server: facts.server, group, position, serving: 'draining', projects: facts.desired.projects };
}

/** Directives of groups it is no longer in; of every group when it is in none. */
export function strayDirectives(facts: ServerFacts): StepArguments['clear-directives'] {
  return { server: facts.server, except: groupOf(facts) };
}

export function readiness({ server, membership, desired, receipt }: ServerFacts): StepArguments['propose-ready'] {
  assert(membership !== null && membership.status !== 'available', 'only a member becomes ready');
  assert(desired !== null && receipt !== null, 'nobody is ready without a receipt for what is desired');
  const evidence = { receivedAt: receipt.receivedAt, projects: receipt.projects.length, instance: receipt.instance };
  return { server, group: membership.group, covers: desired.position, evidence };
}

export function syncFailure(facts: ServerFacts): StepArguments['propose-sync-failed'] {
  const { server, membership, desired, receipt } = facts;
  assert(membership !== null && membership.status !== 'available', 'only a member fails to sync');
  assert(desired !== null && receipt !== null, 'a failure is what a receipt says');
  return { server, group: membership.group, covers: desired.position, failures: receipt.failures };
}

/** With the evidence as it is: a drain that ended by itself, one cut off, or none needed. */
export function leaving(facts: ServerFacts): StepArguments['propose-left'] {
  const draining = drainingOf(facts);
  assert(draining !== null, 'only a draining server leaves');
  const { group, next, wasReady } = draining;
  // Where no balancer ever sent, what a person sends past them is not waited for, and so not counted as cut off.
  const cutOff = wasReady && !isEmpty(facts);
  assert(!cutOff || deadlinePassed(facts), 'a drain ends empty, or by its deadline');
  const evidence = cutOff
    ? { inFlight: facts.inFlight.last, deadlinePassed: true, unconfirmed: [...facts.unconfirmedBalancers] }
    : { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
  return { server: facts.server, group, next, evidence };
}

export function drainDeadline(facts: ServerFacts): StepArguments['wake-at'] {
  const draining = drainingOf(facts);
  assert(draining !== null, 'only a drain has a deadline');
  return { server: facts.server, at: draining.deadlineAt };
}

function groupOf({ membership }: ServerFacts): GroupId | null {
  return membership === null || membership.status === 'available' ? null : membership.group;
}
