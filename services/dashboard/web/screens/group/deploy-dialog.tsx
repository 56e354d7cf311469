/** Which project, at which version, shall run on the group: another version, or an older one again. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { GroupName, ProjectId, ProjectVersion } from '../../../../../schemas/ids.ts';
import type { GroupView, ProjectView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Empty } from '../../components/empty.tsx';
import { Select, TextField } from '../../components/field.tsx';
import { momentText } from '../../components/time-text.ts';
import { useCommand } from '../../components/use-command.ts';
import { strategyText } from '../rollout/rollout-words.ts';
import { strategies } from './strategies.ts';
import { go } from '../../data/place.ts';
import { useProjects } from '../../data/views.ts';

export interface DeployDialogProps {
  readonly group: GroupView;
  /** Chosen already; empty: not yet. */
  readonly project: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function DeployDialog({ group, project: given, isOpen, onClose }: DeployDialogProps) {
  const projects = useProjects();
  const [project, setProject] = useState(given);
  const [version, setVersion] = useState('');
  const [how, setHow] = useState(asPolicy);
  const [reason, setReason] = useState('');
  const { ask, isAsking } = useCommand();
  const deployable = (projects.data?.items ?? []).filter(({ status }) => status !== 'retired');
  const chosen = deployable.find((each) => each.project === project);
  const now = group.deployments.find((deployment) => deployment.project === project)?.version;
  const deploy = async () => {
    const accepted = await ask(
      'deployment.request',
      {
        group: group.name as GroupName,
        project: project as ProjectId,
        version: version as ProjectVersion,
        ...rolloutOf(how),
      },
      { reason },
    );
    if (accepted === undefined) return;
    onClose();
    go(`/groups/${group.group}/rollouts`);
  };
  return (
    <Dialog title={`Deploy to ${group.name}`} isOpen={isOpen} onClose={onClose}>
      {deployable.length === 0 ? (
        <Empty
          title="No project is published yet"
          command="muster project publish services/cli/samples/hello --version 1.0.0"
        >
          A project is a folder with a project.yaml.
        </Empty>
      ) : (
        <Form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            void deploy();
          }}
        >
          <Select
            label="Project"
            value={project}
            onChange={(next) => {
              setProject(next);
              setVersion('');
            }}
            options={deployable.map((each) => ({ id: each.project, text: each.project }))}
          />
          <Select label="Version" value={version} onChange={setVersion} options={versionsOf(chosen, now)} />
          <Select
            label="How"
            value={how}
            onChange={setHow}
            options={[
              { id: asPolicy, text: `As the group's policy says: ${strategyText(group.policy.rollout.strategy)}` },
              ...strategies,
            ]}
          />
          <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
          <div className="form-buttons">
            <Button onPress={onClose}>Cancel</Button>
            <Button type="submit" look="primary" isDisabled={isAsking || project === '' || version === ''}>
              Deploy
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}

const asPolicy = 'policy';

/** What differs from the group's policy, for this deployment alone. */
function rolloutOf(how: string) {
  const chosen = strategies.find(({ id }) => id === how);
  return chosen === undefined ? {} : { rollout: { strategy: chosen.strategy } };
}

/** Newest first. */
function versionsOf(project: ProjectView | undefined, now: string | undefined) {
  return (project?.versions ?? [])
    .filter(({ status }) => status !== 'retired')
    .toSorted((a, b) => b.publishedAt - a.publishedAt)
    .map(({ version, status, publishedAt }) => ({
      id: version,
      text: [
        version,
        version === now ? 'runs now' : `published ${momentText(publishedAt)}`,
        status === 'deprecated' ? 'deprecated' : '',
      ]
        .filter((part) => part !== '')
        .join(' · '),
    }));
}
