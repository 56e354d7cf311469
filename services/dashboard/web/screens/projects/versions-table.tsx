/** A project's versions, newest first. */
import type { GroupView, ProjectView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Link } from '../../components/link.tsx';
import { clockText, momentText } from '../../components/time-text.ts';
import { ProjectStatus } from './matrix.tsx';

export interface VersionAction {
  readonly type: 'project.deprecate' | 'project.retire';
  /** Null: the whole project. */
  readonly version: string | null;
}

export interface VersionsTableProps {
  readonly project: ProjectView;
  readonly groups: readonly GroupView[];
  readonly blocked: string;
  readonly onOpen: (action: VersionAction) => void;
}

export function VersionsTable({ project, groups, blocked, onOpen }: VersionsTableProps) {
  const nameBy = new Map(groups.map(({ group, name }) => [group, name]));
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">Status</th>
          <th scope="col">Published</th>
          <th scope="col">By</th>
          <th scope="col">Size</th>
          <th scope="col">Digest</th>
          <th scope="col">Runs on</th>
          <th scope="col">
            <span className="unseen">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {project.versions
          .toSorted((a, b) => b.publishedAt - a.publishedAt)
          .map(({ version, status, publishedAt, publishedBy, bytes, digest, groups: on }) => (
            <tr key={version}>
              <th scope="row" className="mono">
                {version}
              </th>
              <td>
                <ProjectStatus status={status} />
              </td>
              <td>
                <time dateTime={new Date(publishedAt).toISOString()} title={clockText(publishedAt)}>
                  {momentText(publishedAt)}
                </time>
              </td>
              <td>{publishedBy}</td>
              <td className="numeric">{sizeText(bytes)}</td>
              <td className="mono faint" title={digest}>
                {digest.slice(0, 12)}
              </td>
              <td>
                {on.length === 0 ? <span className="faint">no group</span> : null}
                {on.map((group, index) => (
                  <span key={group}>
                    {index === 0 ? '' : ', '}
                    <Link to={`/groups/${group}`}>{nameBy.get(group) ?? group}</Link>
                  </span>
                ))}
              </td>
              <td className="table-actions">
                {status === 'active' ? (
                  <Button
                    size="small"
                    look="quiet"
                    blocked={blocked}
                    aria-label={`Deprecate ${version}`}
                    onPress={() => onOpen({ type: 'project.deprecate', version })}
                  >
                    Deprecate
                  </Button>
                ) : null}
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_024 * 1_024) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_024 / 1_024).toFixed(1)} MiB`;
}
