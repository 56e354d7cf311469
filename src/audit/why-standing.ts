/** How what is asked about stands, in the words every screen uses, and what must happen for it to change. */
import { groupIdOf, type ProjectId } from '../../schemas/ids.ts';
import type { Event } from '../../schemas/events.ts';
import type { QueryAsk, QueryData, ServerView } from '../../schemas/views.ts';
import { hasProved, holdsCurrent, rolloutOf } from '../domain/release.ts';
import type { FleetState, Group } from '../domain/state.ts';
import { rolloutText } from '../projections/rollout-view.ts';
import type { ProjectedQuery } from '../projections/views.ts';
import { never } from '../std/failure.ts';
import { subjectOf, type WhyAsk } from './why-about.ts';

export interface Standing {
  readonly status: string;
  /** Empty where the status says it all. */
  readonly reason: string;
  /** What must happen for it to change; never empty. */
  readonly next: readonly string[];
}

/** How queries are answered: by the fleet, with what it observed, or by the log alone. */
export type Views = <Q extends ProjectedQuery>(
  name: Q,
  ask: QueryAsk<Q>,
) => Promise<
  | { readonly status: 'ok'; readonly data: QueryData<Q> }
  | { readonly status: 'error'; readonly code: string; readonly message: string }
>;

/** Lines of what is waited for, at most. */
const nextMax = 10;
const nothing = 'nothing is outstanding: the next command changes it';

export interface StandingSources {
  readonly state: FleetState;
  readonly views: Views;
  /** The event at the position asked about. */
  readonly event: Event | undefined;
}

export async function standingOf(ask: WhyAsk, sources: StandingSources): Promise<Standing> {
  switch (ask.kind) {
    case 'server':
      return serverStanding(ask, sources);
    case 'group':
      return groupStanding(ask, sources);
    case 'deployment':
      return deploymentStanding(ask, sources);
    case 'position':
      return positionStanding(sources);
    default:
      return never(ask);
  }
}

async function serverStanding({ server }: WhyAsk & { kind: 'server' }, { views }: StandingSources): Promise<Standing> {
  const answer = await views('server', { server });
  if (answer.status === 'error') {
    return { status: 'not there', reason: answer.message, next: ['it is there once it is started and registers'] };
  }
  const { status, group, inPool, reason, next } = answer.data;
  const where = group === null ? '' : inPool ? `, in the pool of ${group}` : `, not in the pool of ${group}`;
  return { status: `${status}${where}`, reason, next: [next] };
}

async function groupStanding({ group }: WhyAsk & { kind: 'group' }, { views }: StandingSources): Promise<Standing> {
  const answer = await views('group', { group });
  if (answer.status === 'error') {
    return { status: 'not there', reason: answer.message, next: [`waits for: muster group create ${group}`] };
  }
  const { servers, status } = answer.data;
  if (servers.length === 0) {
    return { status: 'empty', reason: '', next: [`waits for: muster server join SERVER ${group}`] };
  }
  const next = bounded((status?.laggards ?? []).map(({ what, reason }) => `${what}: ${reason}`));
  const held = status?.held ?? null;
  if (held !== null) return { status: 'held', reason: `its pool is held ${held}`, next: orNothing(next) };
  return { status: next.length === 0 ? 'in traffic' : 'not yet in traffic', reason: '', next: orNothing(next) };
}

async function deploymentStanding(
  { project, group }: WhyAsk & { kind: 'deployment' },
  { state, views }: StandingSources,
): Promise<Standing> {
  const found = state.groupById.get(groupIdOf(group));
  const deployment = found?.deploymentByProject.get(project);
  if (found === undefined || deployment === undefined) {
    const reason =
      found === undefined
        ? `there is no group "${group}"`
        : [`${group} does not carry ${project}`, ...endedText(found, project)].join('; ');
    return { status: 'not deployed', reason, next: [`waits for: muster deploy ${project}@VERSION ${group}`] };
  }
  const behind = [...found.servers].filter((id) => {
    const member = state.serverById.get(id)?.member;
    return member == null || !hasProved(found, member) || !holdsCurrent(found, deployment, { id });
  });
  const proved = found.servers.size - behind.length;
  const status = `${project}@${deployment.version} proved by ${proved} of ${found.servers.size} servers`;
  const rollout = rolloutOf(found, deployment);
  const reason =
    rollout !== undefined
      ? `rollout ${rollout.id} is ${rolloutText(rollout)}`
      : [`succeeded at position ${deployment.succeededAt ?? 0}`, ...endedText(found, project)].join('; ');
  if (found.servers.size === 0) return { status, reason, next: [`waits for: muster server join SERVER ${group}`] };
  const answer = await views('servers', { group });
  const waiting = answer.status === 'ok' ? answer.data.filter(({ server }) => behind.includes(server)) : [];
  const underWay = rollout === undefined ? [] : await rolloutNext(views, { group, rollout: rollout.id });
  const next = bounded([...underWay, ...waiting.map(waitText)]);
  return { status, reason, next: orNothing(next) };
}

async function rolloutNext(views: Views, ask: QueryAsk<'rollouts'>): Promise<string[]> {
  const answer = await views('rollouts', ask);
  const next = answer.status === 'ok' ? (answer.data[0]?.progress?.next ?? '') : '';
  return next === '' ? [] : [`rollout ${ask.rollout}: ${next}`];
}

/** Of the last rollout, where it did not succeed: why the group holds what it holds. */
function endedText({ pastRollouts }: Group, project: ProjectId): string[] {
  const last = pastRollouts.findLast(({ targets }) => targets.some((target) => target.project === project));
  if (last === undefined || last.status === 'succeeded') return [];
  const version = last.targets.find((target) => target.project === project)?.to.version;
  return [`${project}@${version} was ${last.status}: ${last.reason}`];
}

function waitText({ server, status, reason, next }: ServerView): string {
  return `server ${server}: ${[status, reason, next].filter((text) => text !== '').join('; ')}`;
}

/** What became of it: how the thing it was about stands now. */
async function positionStanding(sources: StandingSources): Promise<Standing> {
  const { event, state } = sources;
  if (event?.type === 'command.rejected') {
    const { code, message, next } = event.data.rejection;
    return { status: `refused (${code})`, reason: message, next: [next ?? 'ask again, for something else'] };
  }
  const subject = event === undefined ? null : subjectOf(event, state);
  if (subject === null) return { status: 'in the log for good', reason: '', next: [nothing] };
  const { status, reason, next } = await standingOf(subject, sources);
  const name =
    subject.kind === 'server' ? `server ${subject.server}` : subject.kind === 'group' ? `group ${subject.group}` : '';
  return { status: name === '' ? status : `${name}: ${status}`, reason, next };
}

function orNothing(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [nothing] : lines;
}

function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= nextMax) return lines;
  return [...lines.slice(0, nextMax), `and ${lines.length - nextMax} more`];
}
