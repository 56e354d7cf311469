/** Pause, resume, promote, abort, retry: each with its reason, and with what it means before it is asked. */
import { useState } from 'react';
import type { CommandType } from '../../../../../schemas/commands.ts';
import type { GroupName } from '../../../../../schemas/ids.ts';
import type { RolloutView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useBlocked, useCommand } from '../../components/use-command.ts';

interface Action {
  readonly type: Extract<CommandType, `rollout.${string}`>;
  readonly label: string;
  readonly meaning: string;
  /** Of `promote`: everything that is left to wait for. */
  readonly all?: boolean;
}

const actionBy = {
  pause: {
    type: 'rollout.pause',
    label: 'Pause',
    meaning: 'No further server is told until it is resumed. Servers told already go on.',
  },
  resume: { type: 'rollout.resume', label: 'Resume', meaning: 'It goes on where it was paused.' },
  promote: {
    type: 'rollout.promote',
    label: 'Promote',
    meaning: 'The wait of the present step is over: it goes on with the next.',
  },
  all: {
    type: 'rollout.promote',
    label: 'Promote fully',
    meaning: 'Everything that is left to wait for is skipped: all servers are told.',
    all: true,
  },
  abort: {
    type: 'rollout.abort',
    label: 'Abort',
    meaning: 'It goes back: every server that was told gets the last good version again.',
  },
  retry: { type: 'rollout.retry', label: 'Retry', meaning: 'It goes on: what failed is tried again.' },
} as const satisfies Readonly<Record<string, Action>>;

function actionsFor(status: RolloutView['status']): readonly Action[] {
  switch (status) {
    case 'running':
      return [actionBy.pause, actionBy.promote, actionBy.all, actionBy.abort];
    case 'paused':
      return [actionBy.resume, actionBy.promote, actionBy.all, actionBy.abort];
    case 'halted':
      return [actionBy.retry, actionBy.abort];
    case 'rolling-back':
      return [actionBy.abort];
    default:
      return [];
  }
}

export interface RolloutActionsProps {
  readonly rollout: RolloutView;
  readonly name: string;
}

export function RolloutActions({ rollout, name }: RolloutActionsProps) {
  const [opened, open] = useState<Action | null>(null);
  const blocked = useBlocked();
  const { ask } = useCommand();
  const project = rollout.targets[rollout.progress?.target ?? 0]?.project ?? rollout.targets[0]?.project;
  const confirm = async (reason: string) => {
    if (opened === null || project === undefined) return;
    const payload = { group: name as GroupName, project };
    if (opened.type === 'rollout.promote') await ask(opened.type, { ...payload, all: opened.all === true }, { reason });
    else await ask(opened.type, payload, { reason });
    open(null);
  };
  return (
    <>
      {actionsFor(rollout.status).map((action) => (
        <Button
          key={action.label}
          size="small"
          look={action.type === 'rollout.abort' ? 'danger' : 'plain'}
          blocked={blocked}
          onPress={() => open(action)}
        >
          {action.label}
        </Button>
      ))}
      <ConfirmDialog
        title={`${opened?.label ?? ''} the rollout?`}
        button={opened?.label ?? ''}
        look={opened?.type === 'rollout.abort' ? 'danger' : 'primary'}
        isOpen={opened !== null}
        onClose={() => open(null)}
        onConfirm={confirm}
      >
        {opened?.meaning}
      </ConfirmDialog>
    </>
  );
}
