/** A new group: its name is all it needs. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { GroupName } from '../../../../../schemas/ids.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { useCommand } from '../../components/use-command.ts';
import { go } from '../../data/place.ts';

export function NewGroupDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const { ask, isAsking } = useCommand();
  const create = async () => {
    const accepted = await ask('group.create', { group: name.trim() as GroupName });
    if (accepted === undefined) return;
    onClose();
    setName('');
    go(`/groups/${name.trim().toLowerCase()}`);
  };
  return (
    <Dialog title="New group" isOpen={isOpen} onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          autoFocus
          isRequired
          hint="Letters, digits, “_” and “-”. Its policy is the default one until you change it."
        />
        <div className="form-buttons">
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isDisabled={isAsking || name.trim() === ''}>
            Create group
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
