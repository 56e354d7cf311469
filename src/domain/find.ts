/** Finding what a command names, or the refusal that says it is not there and what is near. */
import type { BalancerId, GroupId, GroupName, ProjectId, ProjectVersion, ServerId } from '../../schemas/ids.ts';
import { groupIdOf } from '../../schemas/ids.ts';
import type { RejectionCode } from '../../schemas/rejection.ts';
import { closest } from './closest.ts';
import { type Found, type Refused, found, refuse } from './ruling.ts';
import type { Balancer, FleetState, Group, Project, Server } from './state.ts';
import { quote } from './wording.ts';

export function findGroup(state: FleetState, name: GroupName | GroupId): Found<Group> {
  const group = state.groupById.get(groupIdOf(name));
  if (group !== undefined) return found(group);
  return unknown({
    code: 'unknown-group',
    field: 'group',
    what: `there is no group ${quote(name)}`,
    near: closest(name, namesOf(state)),
    next: `muster group create ${name}`,
  });
}

export function findServer(state: FleetState, id: ServerId): Found<Server> {
  const server = state.serverById.get(id);
  if (server !== undefined) return found(server);
  return unknown({
    code: 'unknown-server',
    field: 'server',
    what: `there is no server ${quote(id)}`,
    near: closest(id, state.serverById.keys()),
    next: 'muster server list',
  });
}

export function findProject(state: FleetState, id: ProjectId): Found<Project> {
  const project = state.projectById.get(id);
  if (project !== undefined) return found(project);
  return unknown({
    code: 'unknown-project',
    field: 'project',
    what: `there is no project ${quote(id)}`,
    near: closest(id, state.projectById.keys()),
    next: 'muster project list',
  });
}

type Published = NonNullable<ReturnType<Project['versionByName']['get']>>;

export function findVersion(project: Project, version: ProjectVersion): Found<Published> {
  const published = project.versionByName.get(version);
  if (published !== undefined) return found(published);
  return unknown({
    code: 'unknown-version',
    field: 'version',
    what: `project "${project.id}" has no version ${quote(version)}`,
    near: closest(version, project.versionByName.keys()),
    next: `muster project publish DIR --version ${version}`,
  });
}

export function findBalancer(state: FleetState, id: BalancerId): Found<Balancer> {
  const balancer = state.balancerById.get(id);
  if (balancer !== undefined) return found(balancer);
  return unknown({
    code: 'unknown-balancer',
    field: 'balancer',
    what: `there is no balancer ${quote(id)}`,
    near: closest(id, state.balancerById.keys()),
    next: undefined,
  });
}

interface Unknown {
  readonly code: RejectionCode;
  readonly field: string;
  readonly what: string;
  readonly near: string | undefined;
  readonly next: string | undefined;
}

function unknown({ code, field, what, near, next }: Unknown): Refused {
  const message = near === undefined ? what : `${what}; did you mean "${near}"?`;
  return refuse({ code, message, field, ...(next === undefined ? {} : { next }) });
}

function* namesOf(state: FleetState): Iterable<string> {
  for (const group of state.groupById.values()) yield group.name;
}
