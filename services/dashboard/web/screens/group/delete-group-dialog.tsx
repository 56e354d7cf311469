/** Deleting a group is asked twice: it cannot be taken back, though its history stays. */
import type { GroupName } from '../../../../../schemas/ids.ts';
import type { GroupView } from '../../../../../schemas/views.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useCommand } from '../../components/use-command.ts';
import { go } from '../../data/place.ts';

export interface DeleteGroupDialogProps {
  readonly group: GroupView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function DeleteGroupDialog({ group, isOpen, onClose }: DeleteGroupDialogProps) {
  const { ask } = useCommand();
  const remove = async (reason: string) => {
    const accepted = await ask(
      'group.delete',
      { group: group.name as GroupName },
      { ifPosition: group.changedAt, reason },
    );
    onClose();
    if (accepted !== undefined) go('/');
  };
  return (
    <ConfirmDialog
      title={`Delete group ${group.name}?`}
      button="Delete group"
      look="danger"
      isOpen={isOpen}
      onClose={onClose}
      onConfirm={remove}
    >
      It must have no server and carry no project. What happened in it stays in the history.
    </ConfirmDialog>
  );
}
