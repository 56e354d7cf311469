/** What the group carries, and how much of it is on its servers; deploy, roll back and withdraw. */
import { useState } from 'react';
import type { GroupName, ProjectId } from '../../../../../schemas/ids.ts';
import type { DeploymentView, GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { useBlocked, useCommand } from '../../components/use-command.ts';
import { useAt } from '../../data/place.ts';
import { DeployDialog } from './deploy-dialog.tsx';

type Opened = { readonly what: 'deploy' | 'withdraw' | 'roll-back'; readonly project: string } | null;

export function DeploymentsPanel({ group }: { readonly group: GroupView }) {
  const [opened, open] = useState<Opened>(null);
  const blocked = useBlocked();
  const { ask } = useCommand();
  const rollBack = async (reason: string) => {
    if (opened === null) return;
    await ask(
      'deployment.rollback',
      { group: group.name as GroupName, project: opened.project as ProjectId },
      { reason },
    );
    open(null);
  };
  const withdraw = async (reason: string) => {
    if (opened === null) return;
    await ask(
      'deployment.withdraw',
      { group: group.name as GroupName, project: opened.project as ProjectId },
      { reason },
    );
    open(null);
  };
  return (
    <Panel
      title="Projects"
      note={group.deployments.length === 0 ? undefined : String(group.deployments.length)}
      actions={
        <Button size="small" blocked={blocked} onPress={() => open({ what: 'deploy', project: '' })}>
          Deploy
        </Button>
      }
      flush
    >
      {group.deployments.length === 0 ? (
        <Empty title="Nothing is deployed here yet" command={`muster deploy hello@1.0.0 ${group.name}`}>
          What a group carries is on every server that joins it.
        </Empty>
      ) : (
        <ul className="deployments" aria-label="What the group carries">
          {group.deployments.map((deployment) => (
            <DeploymentRow key={deployment.project} deployment={deployment} blocked={blocked} onOpen={open} />
          ))}
        </ul>
      )}
      <DeployDialog
        key={opened?.project ?? ''}
        group={group}
        project={opened?.project ?? ''}
        isOpen={opened?.what === 'deploy'}
        onClose={() => open(null)}
      />
      <ConfirmDialog
        title={`Roll ${opened?.project ?? ''} back on ${group.name}?`}
        button="Roll back"
        isOpen={opened?.what === 'roll-back'}
        onClose={() => open(null)}
        onConfirm={rollBack}
      >
        To the last version that succeeded here before the present one, as a rollout of its own. Any other version:
        Change.
      </ConfirmDialog>
      <ConfirmDialog
        title={`Withdraw ${opened?.project ?? ''} from ${group.name}?`}
        button="Withdraw"
        look="danger"
        isOpen={opened?.what === 'withdraw'}
        onClose={() => open(null)}
        onConfirm={withdraw}
      >
        Its routes are gone from every server of the group. It can be deployed again at any time.
      </ConfirmDialog>
    </Panel>
  );
}

const rowActions = [
  { what: 'deploy', label: 'Change' },
  { what: 'roll-back', label: 'Roll back' },
  { what: 'withdraw', label: 'Withdraw' },
] as const;

interface DeploymentRowProps {
  readonly deployment: DeploymentView;
  readonly blocked: string;
  readonly onOpen: (opened: Opened) => void;
}

function DeploymentRow({ deployment, blocked, onOpen }: DeploymentRowProps) {
  const { project, version, holding, servers } = deployment;
  const isPast = useAt() !== null;
  const share = servers === 0 ? 1 : holding / servers;
  return (
    <li className="deployment">
      <Link to={`/projects/${project}`} className="cut">
        {project}
      </Link>
      <span className="mono">{version}</span>
      {isPast ? (
        <span className="faint">receipts are not in the log</span>
      ) : (
        <span className="deployment-share" title={`${holding} of ${servers} servers hold it`}>
          <span className="meter" aria-hidden="true">
            <span style={{ width: `${share * 100}%` }} data-whole={share >= 1 || undefined} />
          </span>
          <span className="numeric faint">
            {holding} of {servers}
          </span>
        </span>
      )}
      <span className="deployment-actions">
        {rowActions.map(({ what, label }) => (
          <Button
            key={what}
            size="small"
            look="quiet"
            blocked={blocked}
            aria-label={`${label} ${project}`}
            onPress={() => onOpen({ what, project })}
          >
            {label}
          </Button>
        ))}
      </span>
    </li>
  );
}
