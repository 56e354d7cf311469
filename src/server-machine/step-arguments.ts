/** What each step says, taken from the facts. Called by the chart only where the facts hold what is needed. */
import type { Drain, Member } from '../domain/state.ts';
import { assert } from '../std/failure.ts';
import type { EventData } from '../../schemas/events.ts';
import type { GroupId } from '../../schemas/ids.ts';
import { absence, deadlinePassed, drainOf, isEmpty, isFinal, leaseEndsAt, memberOf } from './guards.ts';
import type { ServerFacts, StepArguments } from './facts.ts';

/** A server the fleet does not know any more has no position of its own: that of the facts is no lower. */
export function assignmentTo(facts: ServerFacts): StepArguments['publish-assignment'] {
  return { server: facts.server, group: groupOf(facts), position: facts.known?.assignedAt ?? facts.position };
}

/** Hold what is desired, and take requests or refuse new ones, as is desired. */
export function directive(facts: ServerFacts): StepArguments['publish-directive'] {
  const { group } = theMember(facts);
  const { position, serving, projects } = theDesired(facts);
  return { server: facts.server, group, position, serving, projects };
}

/** Directives of groups it is no longer in; of every group when it is in none. */
export function strayDirectives(facts: ServerFacts): StepArguments['clear-directives'] {
  return { server: facts.server, except: groupOf(facts) };
}

export function readiness(facts: ServerFacts): StepArguments['propose-ready'] {
  const receipt = theReceipt(facts);
  const evidence = { receivedAt: receipt.receivedAt, projects: receipt.projects.length, instance: receipt.instance };
  return { server: facts.server, group: theMember(facts).group, covers: theDesired(facts).position, evidence };
}

export function syncFailure(facts: ServerFacts): StepArguments['propose-sync-failed'] {
  const receipt = theReceipt(facts);
  const { position: covers } = theDesired(facts);
  const { group } = theMember(facts);
  return { server: facts.server, group, covers, failures: receipt.failures, final: isFinal(receipt) };
}

/** Out of the group, where the drain leads there. */
export function leaving(facts: ServerFacts): StepArguments['propose-left'] {
  const { next } = theDrain(facts);
  assert(next !== null, 'a server leaves to somewhere');
  return { server: facts.server, group: theMember(facts).group, next, evidence: drainEvidence(facts) };
}

/** Out of the pool, and still a member. */
export function drained(facts: ServerFacts): StepArguments['propose-drained'] {
  return { server: facts.server, group: theMember(facts).group, evidence: drainEvidence(facts) };
}

/** Into the pool again, once it has proved what it holds. */
export function comingBack(facts: ServerFacts): StepArguments['propose-uncordoned'] {
  return { server: facts.server, group: theMember(facts).group };
}

/** As it is: a drain that ended by itself, one cut off, or none needed. */
function drainEvidence(facts: ServerFacts): EventData<'server.left'>['evidence'] {
  // Where no balancer ever sent, what a person sends past them is not waited for, and so not counted as cut off.
  const cutOff = theDrain(facts).wasInPool && !isEmpty(facts);
  assert(!cutOff || deadlinePassed(facts), 'a drain ends empty, or by its deadline');
  if (!cutOff) return { inFlight: 0, deadlinePassed: false, unconfirmed: [] };
  const { last } = facts.inFlight;
  const counted = last === null ? ({ inFlight: 0, uncounted: true } as const) : { inFlight: last };
  return { ...counted, deadlinePassed: true, unconfirmed: [...facts.unconfirmedBalancers] };
}

export function replacement(facts: ServerFacts): StepArguments['propose-replaced'] {
  const { replaces, group } = theMember(facts);
  assert(replaces !== null, 'only who replaces somebody takes over');
  return { server: replaces, by: facts.server, group };
}

export function loss(facts: ServerFacts): StepArguments['propose-lost'] {
  const cause = absence(facts);
  assert(cause !== null, 'a server is lost for a cause');
  const { seenAt, leaseMs, problem } = facts.life;
  const why = cause === 'unhealthy' && problem !== undefined ? { problem } : {};
  return { server: facts.server, group: groupOf(facts), cause, evidence: { seenAt, leaseMs, ...why } };
}

export function comeback(facts: ServerFacts): StepArguments['propose-returned'] {
  return { server: facts.server, group: groupOf(facts) };
}

/**
 * To look again at the earliest time at which silence alone changes what is so: a drain's deadline, the end of the lease.
 * Null: past them there is nothing left to wake for. One that is lost has no lease to lose; it is looked at when it is heard.
 */
export function wake(facts: ServerFacts): StepArguments['wake-at'] | null {
  const { server, now, known } = facts;
  const deadlineAt = drainOf(facts)?.deadlineAt ?? 0;
  const leaseAt = known !== null && known.lost === null ? leaseEndsAt(facts) : 0;
  const at = Math.min(ahead(deadlineAt, now), ahead(leaseAt, now));
  return at === Number.POSITIVE_INFINITY ? null : { server, at };
}

function ahead(at: number, now: number): number {
  return at > now ? at : Number.POSITIVE_INFINITY;
}

function groupOf(facts: ServerFacts): GroupId | null {
  return memberOf(facts)?.group ?? null;
}

function theMember(facts: ServerFacts): Member {
  const member = memberOf(facts);
  assert(member !== null, `only a member of a group is told or says this: ${facts.server}`);
  return member;
}

function theDrain(facts: ServerFacts): Drain {
  const drain = drainOf(facts);
  assert(drain !== null, `only a draining server drains: ${facts.server}`);
  return drain;
}

function theDesired({ server, desired }: ServerFacts): NonNullable<ServerFacts['desired']> {
  assert(desired !== null, `a member has a desired set: ${server}`);
  return desired;
}

function theReceipt({ server, receipt }: ServerFacts): NonNullable<ServerFacts['receipt']> {
  assert(receipt !== null, `only a receipt proves or fails: ${server}`);
  return receipt;
}
