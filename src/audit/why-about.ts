/** What a question is about: which events may belong to its answer, and which ones its present state hangs on. Pure. */
import { type GroupName, groupIdOf, type Position, type ProjectId, type ServerId } from '../../schemas/ids.ts';
import type { Event } from '../../schemas/events.ts';
import { affects } from '../domain/affects.ts';
import { directivePosition, statusOf } from '../domain/membership.ts';
import type { FleetState, Group, Rollout, Server } from '../domain/state.ts';

export type WhyAsk =
  | { readonly kind: 'server'; readonly server: ServerId }
  | { readonly kind: 'group'; readonly group: GroupName }
  | { readonly kind: 'deployment'; readonly project: ProjectId; readonly group: GroupName }
  | { readonly kind: 'position'; readonly position: Position };

/** Members told of by their own event, at most: the rest lag for the same reasons. */
const membersMax = 10;

/** Positions the present state hangs on; empty where what is asked about is not there any more, or never was. */
export function rootsOf(state: FleetState, ask: WhyAsk): Position[] {
  return [...new Set(rawRoots(state, ask))].filter((position) => position > 0);
}

function rawRoots(state: FleetState, ask: WhyAsk): Position[] {
  switch (ask.kind) {
    case 'position':
      return [ask.position];
    case 'server': {
      const server = state.serverById.get(ask.server);
      return server === undefined ? [] : serverRoots(state, server);
    }
    case 'group': {
      const group = state.groupById.get(groupIdOf(ask.group));
      return group === undefined ? [] : groupRoots(state, group);
    }
    case 'deployment': {
      const group = state.groupById.get(groupIdOf(ask.group));
      const deployment = group?.deploymentByProject.get(ask.project);
      if (group === undefined || deployment === undefined) return [];
      const failed = membersOf(state, group).flatMap(({ member }) => {
        const isIts = member?.failing?.failures.some(({ project }) => project === ask.project);
        return isIts === true ? [member?.failing?.at ?? 0] : [];
      });
      return [
        deployment.changedAt,
        deployment.succeededAt ?? 0,
        ...rolloutRoots(group, ask.project),
        ...failed.slice(0, membersMax),
      ];
    }
    default:
      return [];
  }
}

/** What its rollout has come to: the one under way, else the last that is over. */
function rolloutRoots({ rolloutById, pastRollouts }: Group, project: ProjectId): Position[] {
  const hasIt = ({ targets }: Pick<Rollout, 'targets'>) => targets.some((target) => target.project === project);
  const underWay = [...rolloutById.values()].filter(hasIt).map(({ since }) => since);
  if (underWay.length > 0) return underWay;
  const last = pastRollouts.findLast(hasIt);
  return last === undefined ? [] : [last.ended];
}

function serverRoots(state: FleetState, { since, assignedAt, lost, member }: Server): Position[] {
  const group = member === null ? undefined : state.groupById.get(member.group);
  if (member === null || group === undefined) return [since, assignedAt, lost?.at ?? 0];
  const wanted = directivePosition(group, member);
  return [
    since,
    member.askedAt,
    member.joinedAt,
    member.admittedAt ?? 0,
    member.cordon?.at ?? 0,
    member.drain?.at ?? 0,
    member.failing?.at ?? 0,
    lost?.at ?? 0,
    member.covers < wanted ? wanted : 0,
  ];
}

function groupRoots(state: FleetState, group: Group): Position[] {
  const unsettled = membersOf(state, group).filter((server) => statusOf(server) !== 'ready');
  const deployments = [...group.deploymentByProject.values()];
  return [
    group.changedAt,
    group.poolChangedAt,
    group.heldAt ?? 0,
    ...deployments.flatMap(({ changedAt, succeededAt }) => [changedAt, succeededAt ?? 0]),
    ...unsettled.slice(0, membersMax).map(({ since }) => since),
  ];
}

function membersOf(state: FleetState, group: Group): Server[] {
  return [...group.servers].flatMap((id) => state.serverById.get(id) ?? []);
}

/** Whether the event may belong to the answer. `state`: before the event or after it. */
export function isAbout(event: Event, state: FleetState, ask: WhyAsk): boolean {
  switch (ask.kind) {
    case 'position':
      return event.position === ask.position;
    case 'server':
      return affects(event, state).some(({ kind, id }) => kind === 'server' && id === ask.server);
    case 'group':
      return affects(event, state).some(({ kind, id }) => kind === 'group' && id === groupIdOf(ask.group));
    case 'deployment': {
      const { data } = event;
      if (!('group' in data) || data.group !== groupIdOf(ask.group)) return false;
      if ('project' in data) return data.project === ask.project;
      if ('projects' in data) return data.projects.some(({ project }) => project === ask.project);
      return 'rollout' in data && typeof data.rollout === 'number' && hasProject(state, data.rollout, ask);
    }
    default:
      return false;
  }
}

function hasProject(
  state: FleetState,
  id: Position,
  { group: name, project }: { readonly group: GroupName; readonly project: ProjectId },
): boolean {
  const group = state.groupById.get(groupIdOf(name));
  const rollout = group?.rolloutById.get(id) ?? group?.pastRollouts.find((past) => past.id === id);
  return rollout?.targets.some((target) => target.project === project) ?? false;
}

/** What a position is about, to say how that stands now: the server it names, else the deployment, else the group. */
export function subjectOf(event: Event, state: FleetState): WhyAsk | null {
  const concerns = affects(event, state);
  const nameOf = (kind: string): string | undefined => concerns.find((concern) => concern.kind === kind)?.id;
  const [server, group, project] = [nameOf('server'), nameOf('group'), nameOf('project')];
  const isOfOne = concerns.filter(({ kind }) => kind === 'server').length === 1;
  if (server !== undefined && isOfOne) return { kind: 'server', server: server as ServerId };
  if (group === undefined) return null;
  if (project !== undefined) return { kind: 'deployment', project: project as ProjectId, group: group as GroupName };
  return { kind: 'group', group: group as GroupName };
}
