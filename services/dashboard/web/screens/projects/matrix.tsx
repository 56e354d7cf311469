/** Projects by groups. A cell says the version and whether it is where it should be; trouble has its shape. */
import type { DeploymentView, GroupView, ProjectView } from '../../../../../schemas/views.ts';
import { Link } from '../../components/link.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import type { Mark } from '../../components/status.ts';

import { useAt } from '../../data/place.ts';

export interface MatrixProps {
  readonly projects: readonly ProjectView[];
  readonly groups: readonly GroupView[];
  readonly chosen: string;
}

export function Matrix({ projects, groups, chosen }: MatrixProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard to be scrolled.
    <section className="matrix-scroll" tabIndex={0} aria-label="Projects by groups">
      <table className="table matrix">
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col">Status</th>
            <th scope="col">Newest</th>
            {groups.map(({ group, name }) => (
              <th key={group} scope="col">
                <Link to={`/groups/${group}`}>{name}</Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {projects.map((project) => (
            <tr key={project.project} data-chosen={project.project === chosen || undefined}>
              <th scope="row">
                <Link to={`/projects/${project.project}`}>{project.project}</Link>
              </th>
              <td>
                <ProjectStatus status={project.status} />
              </td>
              <td className="mono">{newestOf(project)}</td>
              {groups.map((group) => (
                <Cell key={group.group} group={group} project={project.project} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ group, project }: { readonly group: GroupView; readonly project: string }) {
  // Who held it is told by receipts, which are not in the log.
  const isPast = useAt() !== null;
  const deployment = group.deployments.find((each) => each.project === project);
  if (deployment === undefined) return <td className="faint">–</td>;
  const { version, holding, servers } = deployment;
  if (isPast) return <td className="mono">{version}</td>;
  return (
    <td>
      <span className="matrix-cell">
        <StatusMark mark={healthOf(group, deployment)} word="" />
        <span className="mono">{version}</span>
        <span className="faint numeric">
          {holding} of {servers}
        </span>
      </span>
    </td>
  );
}

/** What a cell's mark says: trouble of servers that do not hold it yet counts, that of the others does not. */
function healthOf({ servers }: GroupView, { holding, servers: of }: DeploymentView): Mark {
  if (of === 0) return 'empty';
  if (holding >= of) return 'ready';
  if (servers.some(({ status }) => status === 'failed')) return 'failed';
  return servers.some(({ status }) => status === 'lost') ? 'lost' : 'syncing';
}

export function ProjectStatus({ status }: { readonly status: ProjectView['status'] }) {
  const marks = { active: 'ready', deprecated: 'retrying', retired: 'available' } as const;
  const words = { active: 'Active', deprecated: 'Deprecated', retired: 'Retired' } as const;
  return <StatusMark mark={marks[status]} word={words[status]} />;
}

function newestOf({ versions }: ProjectView): string {
  return versions.toSorted((a, b) => b.publishedAt - a.publishedAt)[0]?.version ?? '';
}
