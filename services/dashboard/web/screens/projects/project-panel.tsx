/** One project: its versions, who published each and when, where each runs; and its story in the log. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ProjectId, ProjectVersion } from '../../../../../schemas/ids.ts';
import type { GroupView, ProjectView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { LinesList } from '../../components/lines-list.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { useBlocked, useCommand } from '../../components/use-command.ts';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';
import { ProjectStatus } from './matrix.tsx';
import { VersionsTable, type VersionAction } from './versions-table.tsx';

const shownMax = 15;

export interface ProjectPanelProps {
  readonly project: ProjectView;
  readonly groups: readonly GroupView[];
}

export function ProjectPanel({ project, groups }: ProjectPanelProps) {
  const at = useAt();
  const [opened, open] = useState<VersionAction | null>(null);
  const mayOperate = useBlocked();
  const mayAdminister = useBlocked('admin');
  const { ask } = useCommand();
  const lines = useQuery({
    queryKey: ['events', at, 'project', project.project],
    queryFn: ({ signal }) =>
      read<Many<Line>>('/v1/events', { query: { to: at, project: project.project, limit: shownMax }, signal }),
    placeholderData: (before) => before,
  });
  const confirm = async (reason: string) => {
    if (opened === null) return;
    const version = opened.version === null ? {} : { version: opened.version as ProjectVersion };
    await ask(opened.type, { project: project.project as ProjectId, ...version }, { reason });
    open(null);
  };
  return (
    <div className="project">
      <Panel
        title={project.project}
        note={<ProjectStatus status={project.status} />}
        actions={
          project.status === 'retired' ? undefined : (
            <>
              {project.status === 'active' ? (
                <Button
                  size="small"
                  look="quiet"
                  blocked={mayOperate}
                  onPress={() => open({ type: 'project.deprecate', version: null })}
                >
                  Deprecate
                </Button>
              ) : null}
              <Button
                size="small"
                look="quiet"
                blocked={mayAdminister}
                onPress={() => open({ type: 'project.retire', version: null })}
              >
                Retire
              </Button>
            </>
          )
        }
        flush
      >
        <VersionsTable project={project} groups={groups} blocked={mayOperate} onOpen={open} />
      </Panel>
      <Panel title="Its history" actions={<Link to={`/history?project=${project.project}`}>All of it</Link>} flush>
        <Reading of={lines} what="its history">
          {({ items }) => <LinesList lines={items} />}
        </Reading>
      </Panel>
      <ConfirmDialog
        title={`${opened?.type === 'project.retire' ? 'Retire' : 'Deprecate'} ${project.project}${opened?.version == null ? '' : `@${opened.version}`}?`}
        button={opened?.type === 'project.retire' ? 'Retire' : 'Deprecate'}
        look={opened?.type === 'project.retire' ? 'danger' : 'primary'}
        isOpen={opened !== null}
        onClose={() => open(null)}
        onConfirm={confirm}
      >
        {opened?.type === 'project.retire'
          ? 'It can be deployed no more, and no group may carry it now. This is for good.'
          : 'It can still be deployed, with a warning. What runs goes on running.'}
      </ConfirmDialog>
    </div>
  );
}
