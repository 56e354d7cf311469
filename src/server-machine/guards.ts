/** Questions about the facts: each is one condition the chart branches on. Pure, and total over all facts. */
import type { Drain, Member } from '../domain/state.ts';
import type { EventData, ProjectFailure } from '../../schemas/events.ts';
import { idleReadingsMin, unwellReadingsMin } from './facts.ts';
import type { ServerFacts } from './facts.ts';

export function memberOf({ known }: ServerFacts): Member | null {
  return known?.member ?? null;
}

export function drainOf(facts: ServerFacts): Drain | null {
  return memberOf(facts)?.drain ?? null;
}

/** The receipt is for exactly what is desired now, serving as it is told to. Any other proves nothing. */
function answersDesired({ receipt, desired }: ServerFacts): boolean {
  return (
    receipt !== null && desired !== null && receipt.position === desired.position && receipt.serving === desired.serving
  );
}

/** The receipt proves the whole of what is desired: every project at its version, and nothing failed. */
export function holdsDesired(facts: ServerFacts): boolean {
  const { receipt, desired } = facts;
  if (!answersDesired(facts) || receipt === null || desired === null || receipt.failures.length > 0) return false;
  const held = new Map(receipt.projects.map(({ project, version }) => [project, version]));
  return desired.projects.every(({ project, version }) => held.get(project) === version);
}

/** A member that stays and counts: one absent proves nothing, one on its way out has nothing left to prove. */
function canProve(facts: ServerFacts): boolean {
  const { known } = facts;
  return known?.member != null && known.member.drain === null && known.lost === null && absence(facts) === null;
}

/** A member has proved what the log does not hold yet: a newer set, the end of its failing, or its way into the pool. */
export function provesAnew(facts: ServerFacts): boolean {
  const member = memberOf(facts);
  if (member === null) return false;
  const isNewer = facts.desired !== null && facts.desired.position > member.covers;
  const enters = member.admittedAt === null && member.cordon === null;
  // The proof itself last: it costs as much as the server holds projects, and most looks find nothing left to prove.
  return (isNewer || member.failing !== null || enters) && canProve(facts) && holdsDesired(facts);
}

/** The receipt names failures of the desired set, or the end of its tries, which the log does not hold yet. */
export function failsAnew(facts: ServerFacts): boolean {
  const { receipt, desired } = facts;
  const member = memberOf(facts);
  if (member === null || !canProve(facts) || !answersDesired(facts)) return false;
  if (receipt === null || desired === null || receipt.failures.length === 0) return false;
  const { failing } = member;
  return (
    failing === null ||
    failing.covers !== desired.position ||
    failing.final !== isFinal(receipt) ||
    !sameFailures(failing.failures, receipt.failures)
  );
}

/** A receipt with failures and no next try: the server has given up. */
export function isFinal({ retryAt }: NonNullable<ServerFacts['receipt']>): boolean {
  return retryAt === undefined;
}

/**
 * It may be told its directive. Only who has nothing yet waits for its turn: once told, or failing, or in the pool, a
 * server is told whatever is new. So no directive that stands is ever taken back for another server's sake.
 */
export function isItsTurn(facts: ServerFacts): boolean {
  const member = memberOf(facts);
  if (member === null || facts.maySync) return true;
  const isToldAlready = facts.receipt !== null && facts.receipt.position === facts.desired?.position;
  return member.covers > 0 || member.failing !== null || member.admittedAt !== null || isToldAlready;
}

/** A rollout took it out of the pool and is done with it there: what is left of its drain has no purpose either. */
export function mayTakeTrafficAgain(facts: ServerFacts): boolean {
  return facts.mayReturn && facts.known?.lost === null && absence(facts) === null;
}

/** It is in the pool, and the one it replaces has not begun to leave. */
export function takesOver(facts: ServerFacts): boolean {
  const member = memberOf(facts);
  return member !== null && member.replaces !== null && member.admittedAt !== null && facts.replacedStays;
}

/** Every balancer has stopped sending to the draining server, or there is none that ever sent. */
export function balancersConfirmed({ unconfirmedBalancers }: ServerFacts): boolean {
  return unconfirmedBalancers.length === 0;
}

/** Balancers may still send to it, and there is time to wait for them. */
export function awaitsBalancers(facts: ServerFacts): boolean {
  return drainOf(facts) !== null && !neverServed(facts) && !balancersConfirmed(facts) && !deadlinePassed(facts);
}

export function deadlinePassed(facts: ServerFacts): boolean {
  const drain = drainOf(facts);
  return drain !== null && facts.now >= drain.deadlineAt;
}

/** The server itself says, by its receipt, that it drains, since this very drain began or was given its next. */
export function provesDraining(facts: ServerFacts): boolean {
  const { receipt } = facts;
  const drain = drainOf(facts);
  return drain !== null && receipt !== null && receipt.serving === 'draining' && receipt.position >= drain.at;
}

/** Nobody sends any more, the server refuses what is new, and nothing is in flight by enough readings in a row. */
export function isEmpty(facts: ServerFacts): boolean {
  const { last, idleReadings } = facts.inFlight;
  return balancersConfirmed(facts) && provesDraining(facts) && last === 0 && idleReadings >= idleReadingsMin;
}

/** It never was in a pool: no balancer sends to it, so there is nothing to wait for. */
export function neverServed(facts: ServerFacts): boolean {
  return drainOf(facts)?.wasInPool === false;
}

export function drainIsOver(facts: ServerFacts): boolean {
  return drainOf(facts) !== null && (neverServed(facts) || isEmpty(facts) || deadlinePassed(facts));
}

/**
 * Why it does not count any more, when the log does not say so yet. A server on its way out may well call itself not
 * well, since it refuses what is new: only its silence counts. One that the floor holds is said to be lost once more
 * when the floor lets it go.
 */
export function absence(facts: ServerFacts): Absence | null {
  const { known, now, life } = facts;
  if (known === null) return null;
  if (known.lost !== null)
    return known.member?.held === true && facts.mayLetGo && !isBack(facts) ? known.lost.cause : null;
  if (now >= leaseEndsAt(facts)) return 'silent';
  const takesTraffic = known.member !== null && known.member.admittedAt !== null && known.member.drain === null;
  return takesTraffic && life.unwellReadings >= unwellReadingsMin ? 'unhealthy' : null;
}

type Absence = EventData<'server.lost'>['cause'];

/** It was lost, and is heard again by this very leader; well again, if that was it. */
export function isBack(facts: ServerFacts): boolean {
  const { known, now, life } = facts;
  if (known === null || known.lost === null || !life.heard || now >= leaseEndsAt(facts)) return false;
  return known.lost.cause === 'silent' || life.unwellReadings === 0;
}

export function leaseEndsAt({ life }: ServerFacts): number {
  return life.seenAt + life.leaseMs;
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
