/** Every project over every group: which version runs where and how well; and each project's versions and its story. */
import type { GroupView, ProjectView } from '../../../../../schemas/views.ts';
import { Empty } from '../../components/empty.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { Screen } from '../../components/screen.tsx';
import { useFleet, useProjects } from '../../data/views.ts';
import { Matrix } from './matrix.tsx';
import { ProjectPanel } from './project-panel.tsx';

export function ProjectsScreen({ project }: { readonly project: string }) {
  const projects = useProjects();
  const fleet = useFleet();
  return (
    <Screen
      title="Projects"
      standing={
        projects.data === undefined ? undefined : <span className="soft">{standingText(projects.data.items)}</span>
      }
    >
      <Reading of={projects} what="the projects">
        {({ items }) =>
          items.length === 0 ? (
            <Panel title="Projects">
              <Empty
                title="No project is published yet"
                command="muster project publish services/cli/samples/hello --version 1.0.0"
              >
                A project is a folder with a project.yaml: its name, its routes, a path that says it is well.
              </Empty>
            </Panel>
          ) : (
            <Whole projects={items} groups={fleet.data?.item.groups ?? []} chosen={project} />
          )
        }
      </Reading>
    </Screen>
  );
}

interface WholeProps {
  readonly projects: readonly ProjectView[];
  readonly groups: readonly GroupView[];
  readonly chosen: string;
}

function Whole({ projects, groups, chosen }: WholeProps) {
  const shown = projects.find((each) => each.project === chosen) ?? projects[0];
  return (
    <div className="projects">
      <Panel title="Where what runs" note="version, and on how many of the group's servers" flush>
        <Matrix projects={projects} groups={groups} chosen={shown?.project ?? ''} />
      </Panel>
      {shown === undefined ? null : <ProjectPanel key={shown.project} project={shown} groups={groups} />}
    </div>
  );
}

function standingText(projects: readonly ProjectView[]): string {
  const count = (status: ProjectView['status']) => projects.filter((project) => project.status === status).length;
  const parts = [
    `${count('active')} active`,
    count('deprecated') === 0 ? '' : `${count('deprecated')} deprecated`,
    count('retired') === 0 ? '' : `${count('retired')} retired`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
