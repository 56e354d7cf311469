/** The fold of projects and their versions. A version's entry is replaced, never written into. */
import type { Event, EventData } from '../../schemas/events.ts';
import type { FleetState, ProjectStatus } from './state.ts';

export function projectPublished(state: FleetState, event: Event<'project.published'>): void {
  const { data, position, at, principal } = event;
  const { project: id, version, digest, bytes } = data;
  let project = state.projectById.get(id);
  if (project === undefined) {
    project = { id, status: 'active', changedAt: position, versionByName: new Map() };
    state.projectById.set(id, project);
  }
  project.changedAt = position;
  project.versionByName.set(version, { digest, bytes, status: 'active', publishedAt: at, publishedBy: principal });
}

export function projectDeprecated(state: FleetState, { data, position }: Event<'project.deprecated'>): void {
  setStatus(state, { ...data, status: 'deprecated', position });
}

export function projectRetired(state: FleetState, { data, position }: Event<'project.retired'>): void {
  setStatus(state, { ...data, status: 'retired', position });
}

interface StatusSet extends EventData<'project.retired'> {
  readonly status: ProjectStatus;
  readonly position: number;
}

function setStatus(state: FleetState, { project: id, version, status, position }: StatusSet): void {
  const project = state.projectById.get(id);
  if (project === undefined) return;
  project.changedAt = position;
  if (version === undefined) {
    project.status = status;
    return;
  }
  const published = project.versionByName.get(version);
  if (published !== undefined) project.versionByName.set(version, { ...published, status });
}
