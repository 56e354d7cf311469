/** How one server that was told a new version stands with it: what every gate is made of. */
import { directivePosition, isInPool, isKeptOut, isLeaving } from '../domain/membership.ts';
import { isInBatch } from '../domain/release.ts';
import type { Failing, Member, Server } from '../domain/state.ts';
import { unwellText } from '../projections/observed.ts';
import { unwellReadingsMin } from '../server-machine/facts.ts';
import type { EventData } from '../../schemas/events.ts';
import type { ServerId } from '../../schemas/ids.ts';
import type { About } from './about.ts';

export type FailureCause = EventData<'rollout.failed'>['cause'];

export type Standing =
  /** It holds the version, takes traffic (or stands by), and says that it is well. */
  | { readonly status: 'healthy'; readonly server: ServerId; readonly since: number }
  /** `overdueAt` null: it has proved it, and this leader has yet to hear that it is well. */
  | ({ readonly status: 'pending'; readonly server: ServerId; readonly text: string } & Pending)
  | { readonly status: 'failed'; readonly server: ServerId; readonly cause: FailureCause; readonly text: string }
  /** Its heartbeats are missing: nobody waits for it, and it proves nothing. */
  | { readonly status: 'lost'; readonly server: ServerId }
  /** A person has taken it away: it is judged no more. */
  | { readonly status: 'gone'; readonly server: ServerId };

type Pending =
  | { readonly overdueAt: number /** `at` from which its silence counts as no progress. */; readonly since: number }
  | { readonly overdueAt: null };

export function standingOf(about: About, id: ServerId): Standing {
  const { state, group, target } = about;
  const server = state.serverById.get(id);
  const member = server?.member ?? null;
  if (server === undefined || member === null || member.group !== group.id || isTakenAway(member)) {
    return { status: 'gone', server: id };
  }
  if (server.lost !== null) return lostOr(about, server);
  const { failing } = member;
  if (failing?.final === true && concerns(about, failing)) {
    return { status: 'failed', server: id, cause: 'sync-failed', text: failureText(failing) };
  }
  if (!hasProved(about, member)) {
    return pendingOr(about, { server, member, text: `has yet to prove ${target.project}@${target.to.version}` });
  }
  return observedAs(about, { id, member });
}

/** On its way out of the group, or kept out of the pool by a person. */
export function isTakenAway(member: Member): boolean {
  return isLeaving(member) || isKeptOut(member);
}

/** It stands by, out of the pool, until the switch: that is how it holds the version. */
export function standsBy({ rollout }: About, id: ServerId): boolean {
  return rollout.standby !== null && rollout.standby.switchedAt === null && rollout.standby.servers.has(id);
}

function lostOr({ observed }: About, { id, lost }: Server): Standing {
  if (lost?.cause !== 'unhealthy') return { status: 'lost', server: id };
  const text = unwellText(observed.serverById.get(id)?.beat);
  return { status: 'failed', server: id, cause: 'unhealthy', text };
}

function hasProved(about: About, member: Member): boolean {
  const { failing, drain, cordon, covers } = member;
  if (failing !== null || drain !== null || covers < directivePosition(about.group, member)) return false;
  return about.rollout.standby?.switchedAt === null ? true : cordon?.until !== 'rolled' && isInPool(member);
}

/** Once it is overdue it has failed. Whoever has to begin anew, or is judged for an earlier step, has its time anew. */
function pendingOr(
  { rollout, at }: About,
  { server, member, text }: { readonly server: Server; readonly member: Member; readonly text: string },
): Standing {
  const isAnew = member.covers === 0 || !isInBatch(rollout, server);
  const from = isAnew ? Math.max(rollout.stepAt, server.sinceAt) : rollout.stepAt;
  const overdueAt = from + rollout.policy.healthyDeadlineMs;
  if (at < overdueAt) {
    const since = isAnew ? Math.max(rollout.progressAt, server.sinceAt) : rollout.progressAt;
    return { status: 'pending', server: server.id, text, overdueAt, since };
  }
  const said = member.failing === null ? text : failureText(member.failing);
  const late = `${said}, after ${rollout.policy.healthyDeadlineMs / 1_000} s`;
  return { status: 'failed', server: server.id, cause: 'healthy-deadline', text: late };
}

/** A leader that has not heard it yet does not guess. One that goes silent is lost by its lease. */
function observedAs(
  { state, observed }: About,
  { id, member }: { readonly id: ServerId; readonly member: Member },
): Standing {
  const seen = observed.serverById.get(id);
  if (seen === undefined || seen.beat === null || (seen.beat.log !== undefined && seen.beat.log !== state.log)) {
    return { status: 'pending', server: id, text: 'waits for its heartbeat', overdueAt: null };
  }
  if (seen.unwellReadings >= unwellReadingsMin) {
    return { status: 'failed', server: id, cause: 'unhealthy', text: unwellText(seen.beat) };
  }
  if (seen.unwellReadings > 0) {
    return { status: 'pending', server: id, text: 'its last heartbeat says that it is not well', overdueAt: null };
  }
  return { status: 'healthy', server: id, since: member.coversAt };
}

/** False when every project it names is another rollout's doing. */
export function concerns({ group, rollout, target }: About, { failures }: Failing): boolean {
  const names = ({ project, version }: { readonly project: string; readonly version: string }) =>
    failures.some((failure) => failure.project === project && failure.version === version);
  if (names({ project: target.project, version: target.to.version })) return true;
  for (const other of group.rolloutById.values()) {
    if (other.id === rollout.id) continue;
    const theirs = other.targets[other.target];
    if (theirs !== undefined && names({ project: theirs.project, version: theirs.to.version })) return false;
  }
  return true;
}

function failureText({ failures }: Failing): string {
  const [first] = failures;
  return first === undefined ? 'could not apply its set' : `${first.project}@${first.version}: ${first.text}`;
}
