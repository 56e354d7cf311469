/** Into a group, or from one into another: out of the one first, then in to the other. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { GroupName } from '../../../../../schemas/ids.ts';
import type { ServerView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Select, TextField } from '../../components/field.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useFleet } from '../../data/views.ts';

export function MoveDialog({ server, onClose }: { readonly server: ServerView; readonly onClose: () => void }) {
  const fleet = useFleet();
  const [group, setGroup] = useState('');
  const [reason, setReason] = useState('');
  const { ask, isAsking } = useCommand();
  const others = (fleet.data?.item.groups ?? []).filter((each) => each.group !== server.group);
  const isJoin = server.group === null;
  const move = async () => {
    const accepted = await ask(
      isJoin ? 'server.join' : 'server.move',
      { server: server.server, group: group as GroupName },
      { reason, ifPosition: server.changedAt },
    );
    if (accepted !== undefined) onClose();
  };
  return (
    <Dialog title={isJoin ? `${server.server} joins` : `Move ${server.server}`} isOpen onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void move();
        }}
      >
        <Select
          label="Group"
          value={group}
          onChange={setGroup}
          options={others.map(({ name, deployments }) => ({
            id: name,
            text: `${name} · ${deployments.length} projects`,
          }))}
        />
        <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
        <div className="form-buttons">
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isDisabled={isAsking || group === ''}>
            {isJoin ? 'Join' : 'Move'}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
