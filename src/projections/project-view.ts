/** Projects as people read them: each version, and the groups that carry it. */
import type { FleetState } from '../domain/state.ts';
import type { GroupId } from '../../schemas/ids.ts';
import type { ProjectView } from '../../schemas/views.ts';
import { byText } from './order.ts';

/** Sorted by project; versions in the order they were published in. */
export function projectViews(state: FleetState): ProjectView[] {
  const groupsByVersion = groupsByProjectVersion(state);
  return [...state.projectById.values()]
    .sort((a, b) => byText(a.id, b.id))
    .map(({ id, status, changedAt, versionByName }) => ({
      project: id,
      status,
      changedAt,
      versions: [...versionByName]
        .map(([version, { digest, bytes, status: versionStatus, publishedAt, publishedBy }]) => ({
          version,
          digest,
          bytes,
          status: versionStatus,
          publishedAt,
          publishedBy,
          groups: groupsByVersion.get(versionKey(id, version)) ?? [],
        }))
        .sort((a, b) => a.publishedAt - b.publishedAt),
    }));
}

/** One pass over every deployment, instead of one per version. */
function groupsByProjectVersion(state: FleetState): Map<string, GroupId[]> {
  const groupsByVersion = new Map<string, GroupId[]>();
  for (const group of [...state.groupById.values()].sort((a, b) => byText(a.id, b.id))) {
    for (const { project, version } of group.deploymentByProject.values()) {
      const key = versionKey(project, version);
      const groups = groupsByVersion.get(key);
      if (groups === undefined) groupsByVersion.set(key, [group.id]);
      else groups.push(group.id);
    }
  }
  return groupsByVersion;
}

/** Neither name holds a slash. */
function versionKey(project: string, version: string): string {
  return `${project}/${version}`;
}
