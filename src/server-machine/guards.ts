/** Questions about the facts: each is one condition the chart branches on. Pure, and total over all facts. */
import type { Membership } from '../domain/state.ts';
import type { ProjectFailure } from '../../schemas/events.ts';
import { idleReadingsMin } from './facts.ts';
import type { ServerFacts } from './facts.ts';

export type Draining = Extract<Membership, { status: 'draining' }>;

/** The receipt is for exactly what is desired now, and the server takes requests. Any other proves nothing. */
function answersDesired({ receipt, desired }: ServerFacts): boolean {
  return receipt !== null && desired !== null && receipt.position === desired.position && receipt.serving === 'yes';
}

/** The receipt proves the whole of what is desired: every project at its version, and nothing failed. */
export function holdsDesired(facts: ServerFacts): boolean {
  const { receipt, desired } = facts;
  if (!answersDesired(facts) || receipt === null || desired === null || receipt.failures.length > 0) return false;
  const held = new Map(receipt.projects.map(({ project, version }) => [project, version]));
  return desired.projects.every(({ project, version }) => held.get(project) === version);
}

/** A member has proved what the log does not hold yet: what lets it into the pool or, once in, a newer set. */
export function provesAnew(facts: ServerFacts): boolean {
  const status = facts.membership?.status;
  const entering = status === 'syncing' || status === 'failed';
  return (entering || isNewerForReady(facts)) && holdsDesired(facts);
}

/** The receipt names failures of the desired set which the log does not hold yet. */
export function failsAnew(facts: ServerFacts): boolean {
  const { membership, receipt, desired } = facts;
  if (!answersDesired(facts) || receipt === null || desired === null || receipt.failures.length === 0) return false;
  if (membership?.status === 'syncing') return true;
  if (membership?.status === 'failed') {
    return membership.covers !== desired.position || !sameFailures(membership.failures, receipt.failures);
  }
  // For a server in the pool the log keeps no position beside the failures: the same ones are not said twice.
  return (
    isNewerForReady(facts) && membership?.status === 'ready' && !sameFailures(membership.failures, receipt.failures)
  );
}

/** Every balancer has stopped sending to the draining server, or there is none that ever sent. */
export function balancersConfirmed({ unconfirmedBalancers }: ServerFacts): boolean {
  return unconfirmedBalancers.length === 0;
}

export function deadlinePassed(facts: ServerFacts): boolean {
  const draining = drainingOf(facts);
  return draining !== null && facts.now >= draining.deadlineAt;
}

/** The server itself says, by its receipt, that it drains at this very leaving. */
export function provesDraining(facts: ServerFacts): boolean {
  const { receipt } = facts;
  const draining = drainingOf(facts);
  return (
    draining !== null && receipt !== null && receipt.serving === 'draining' && receipt.position === draining.leavingAt
  );
}

/** Nobody sends any more, the server refuses what is new, and nothing is in flight by enough readings in a row. */
export function isEmpty(facts: ServerFacts): boolean {
  const { last, idleReadings } = facts.inFlight;
  return balancersConfirmed(facts) && provesDraining(facts) && last === 0 && idleReadings >= idleReadingsMin;
}

/** It never was in a pool: no balancer sends to it, so there is nothing to wait for. */
export function neverServed(facts: ServerFacts): boolean {
  return drainingOf(facts)?.wasReady === false;
}

export function drainingOf({ membership }: ServerFacts): Draining | null {
  return membership?.status === 'draining' ? membership : null;
}

function isNewerForReady({ membership, desired }: ServerFacts): boolean {
  return membership?.status === 'ready' && desired !== null && desired.position > membership.covers;
}

/** The same failures, in whatever order and however often each is named. */
function sameFailures(a: readonly ProjectFailure[], b: readonly ProjectFailure[]): boolean {
  const before = new Set(a.map(failureKey));
  const now = new Set(b.map(failureKey));
  return before.size === now.size && [...now].every((key) => before.has(key));
}

function failureKey({ project, version, text }: ProjectFailure): string {
  return JSON.stringify([project, version, text]);
}
