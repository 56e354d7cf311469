/**
 * A server's status in plain words: why it has it, and what happens next. Shown by every screen, and named as the
 * reason wherever a group lags. One line each, whatever the number of projects or balancers.
 */
import { directivePosition, isInPool, statusOf } from '../domain/membership.ts';
import { desiredRelease } from '../domain/release.ts';
import { keepsOut, rolledCordonIsOver } from '../domain/rolled-cordons.ts';
import type { FleetState, Member, Server } from '../domain/state.ts';
import { assert, never } from '../std/failure.ts';
import type { LeavesTo, ProjectFailure } from '../../schemas/events.ts';
import { unconfirmedBalancers } from './balancers.ts';
import { inFlightOn } from './in-flight.ts';
import { type Observed, unwellText } from './observed.ts';
import { byText } from './order.ts';
import { receiptSince } from './progress.ts';
import type { MemberOf } from './progress.ts';
import { maySync } from '../rollout/sync-slots.ts';
import { durationText, timeText } from './time-text.ts';

/** Projects or balancers named one by one in a sentence; the rest is counted, so that a reason stays a line. */
const namedMax = 3;

export interface ServerWords {
  /** Why it has its status; empty where the status says it all. */
  readonly reason: string;
  readonly next: string;
}

interface About extends MemberOf {
  readonly state: FleetState;
  readonly observed: Observed;
}

export function serverWords(state: FleetState, observed: Observed, server: Server): ServerWords {
  const { member } = server;
  if (member === null) {
    if (server.lost !== null) return { reason: lostText(observed, server), next: 'waits for its heartbeat' };
    return { reason: '', next: 'waits to be joined to a group' };
  }
  const group = state.groupById.get(member.group);
  assert(group !== undefined, `a member's group is in the fleet: ${member.group}`);
  return memberWords({ state, observed, server, member, group });
}

function memberWords(about: About): ServerWords {
  const { server, observed } = about;
  const status = statusOf(server);
  switch (status) {
    case 'syncing':
      return { reason: replacesText(about), next: `${syncText(about)}; then it takes traffic` };
    case 'retrying':
      return { reason: failingText(about), next: `${retryText(about)}; ${meanwhileText(about)}` };
    case 'failed':
      return { reason: `${failingText(about)}, and has given up`, next: failedText(about) };
    case 'ready':
      return { reason: replacesText(about), next: readyText(about) };
    case 'cordoned':
      return cordonedWords(about);
    case 'draining':
      return drainingWords(about);
    case 'lost':
      return { reason: lostText(observed, server, about), next: afterLostText(about) };
    case 'available':
      throw new Error(`invariant broken: a member is not available: ${server.id}`);
    default:
      return never(status);
  }
}

/** One line for a list of laggards. */
export function laggardText(state: FleetState, observed: Observed, server: Server): string {
  const { reason, next } = serverWords(state, observed, server);
  const said = [reason, next].filter((text) => text !== '').join('; ');
  return `${statusOf(server)} since position ${server.since}: ${said}`;
}

function replacesText({ member }: About): string {
  return member.replaces === null ? '' : `is to replace ${member.replaces}`;
}

function syncText(about: About): string {
  const { state, server, member, group } = about;
  const isFirstWord = member.covers === 0 && receiptOf(about) === null;
  if (isFirstWord && !maySync(state, server)) {
    return `waits for its turn: ${group.policy.syncsMax} of ${group.syncing.size} sync at a time`;
  }
  return missingText(about);
}

function readyText(about: About): string {
  const { member, group } = about;
  const cordoned = member.cordon === null ? '' : '; cordoned: once out of the pool it does not enter again';
  const behind = member.covers < directivePosition(group, member) ? `; ${missingText(about)}` : '';
  return `takes traffic${behind}${cordoned}`;
}

function failingText({ member }: About): string {
  return member.failing === null ? '' : `could not apply ${failuresText(member.failing.failures)}`;
}

function retryText(about: About): string {
  const { member, group } = about;
  const wanted = directivePosition(group, member);
  if (member.failing !== null && member.failing.covers < wanted) return missingText(about);
  const retryAt = receiptOf(about)?.retryAt;
  return retryAt === undefined ? 'tries again by itself' : `tries again at ${timeText(retryAt)}`;
}

function failedText(about: About): string {
  const { server, member, group } = about;
  const wanted = directivePosition(group, member);
  if (member.failing !== null && member.failing.covers < wanted)
    return `${missingText(about)}; ${meanwhileText(about)}`;
  return `waits for another deployment, or for: muster server retry ${server.id}; ${meanwhileText(about)}`;
}

function meanwhileText({ member }: About): string {
  return isInPool(member) ? 'meanwhile it serves its last good set' : 'it takes traffic once it holds everything';
}

function cordonedWords(about: About): ServerWords {
  const { server, member } = about;
  const { cordon } = member;
  assert(cordon !== null, 'a cordoned server has a cordon');
  const reason = `${cordon.until === 'registered' ? 'drained to stop' : cordon.drained ? 'drained' : 'cordoned'} by position ${cordon.at}`;
  if (cordon.until === 'registered') return { reason, next: 'waits for it to start and register again' };
  if (cordon.until === 'rolled')
    return { reason: `taken out by a rollout by position ${cordon.at}`, next: rolledText(about) };
  return { reason, next: `waits for: muster server uncordon ${server.id}` };
}

function rolledText(about: About): string {
  const { group, server } = about;
  if (rolledCordonIsOver(group, server)) return 'takes traffic';
  const keeps = [...group.rolloutById.values()].some((rollout) => keepsOut(rollout, server.id));
  return keeps ? 'its rollout says when it takes traffic' : `${missingText(about)}; then it takes traffic`;
}

function drainingWords(about: About): ServerWords {
  const { member } = about;
  const { drain, cordon } = member;
  assert(drain !== null, 'a draining server has a drain');
  const ends = drain.wasInPool ? `, at the latest at ${timeText(drain.deadlineAt)}` : '';
  const reason = drain.next === null && cordon?.until === 'registered' ? 'it is about to stop' : '';
  return { reason, next: `${drainText(about)}${ends}; then ${leavesText(drain.next)}` };
}

function drainText({ state, observed, server, member }: About): string {
  const { drain } = member;
  if (drain?.wasInPool !== true) return 'leaves at once';
  const unconfirmed = unconfirmedBalancers(state, observed, member.group, drain.at);
  if (unconfirmed.length > 0) return `waits for ${listText(unconfirmed)} to stop sending`;
  if (observed.serverById.get(server.id)?.beat == null) return 'waits for its heartbeat';
  const inFlight = inFlightOn(state, observed, server);
  if (inFlight === null) return 'waits for its deadline, since nobody can count what is in flight';
  return inFlight > 0 ? `finishes ${inFlight} in flight` : 'confirms that nothing is in flight';
}

function leavesText(next: LeavesTo | null): string {
  if (next === null) return 'stays in the group, out of the pool';
  switch (next.to) {
    case 'available':
      return 'is available';
    case 'group':
      return `joins ${next.group}`;
    case 'retired':
      return 'is retired';
    default:
      return never(next);
  }
}

function lostText(observed: Observed, { id, lost }: Server, about?: About): string {
  const seen = observed.serverById.get(id);
  if (lost?.cause === 'unhealthy') return unwellText(seen?.beat);
  const lease = about === undefined ? 'its lease' : durationText(about.group.policy.leaseMs);
  const last = seen === undefined || seen.beat === null ? '' : `, the last at ${timeText(seen.seenAt)}`;
  return `no heartbeat within ${lease}${last}`;
}

function afterLostText(about: About): string {
  const { server, member } = about;
  if (member.drain !== null) return drainingWords(about).next;
  const back = server.lost?.cause === 'unhealthy' ? 'to be well again' : 'for its heartbeat';
  if (member.held) return `stays in the pool, which its floor holds; waits ${back}`;
  return `waits ${back}; then it ${comebackText(member)}`;
}

/** One that drained itself to stop is put back by registering. */
function comebackText({ cordon }: Member): string {
  if (cordon === null) return 'proves what it holds and takes traffic';
  if (cordon.until === 'registered') return 'registers, proves what it holds and takes traffic';
  return cordon.until === 'rolled' ? 'proves what it holds for its rollout' : 'proves what it holds and stays cordoned';
}

function receiptOf({ state, observed, server, member }: About) {
  return receiptSince(state, observed, { server: server.id, joinedAt: member.joinedAt });
}

/** What stands between the member and its newest directive. */
function missingText(about: About): string {
  const { server, group, member } = about;
  const wanted = directivePosition(group, member);
  const receipt = receiptOf(about);
  if (receipt === null) return `no receipt yet, directive ${wanted} is unconfirmed`;
  if (receipt.position >= wanted && receipt.failures.length > 0) {
    return `could not apply ${failuresText(receipt.failures)}`;
  }
  const held = new Map(receipt.projects.map(({ project, version }) => [project, version]));
  const missing = [...group.deploymentByProject.values()]
    .map((deployment) => ({ project: deployment.project, release: desiredRelease(group, deployment, server) }))
    .flatMap(({ project, release }) => (release === null ? [] : [{ project, version: release.version }]))
    .filter(({ project, version }) => held.get(project) !== version)
    .map(({ project, version }) => `${project}@${version}`)
    .sort(byText);
  if (missing.length > 0) return `has yet to apply ${listText(missing)}`;
  return receipt.position < wanted
    ? `directive ${wanted} is unconfirmed`
    : 'holds everything, the log has yet to say so';
}

function failuresText(failures: readonly ProjectFailure[]): string {
  return listText(failures.map(({ project, version, text }) => `${project}@${version} (${text})`));
}

function listText(items: readonly string[]): string {
  const named = items.slice(0, namedMax).join(', ');
  return items.length > namedMax ? `${named} and ${items.length - namedMax} more` : named;
}
