/** An available server in its place: that one in first, and only then this one out. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { ServerId } from '../../../../../schemas/ids.ts';
import type { ServerView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Empty } from '../../components/empty.tsx';
import { TextField } from '../../components/field.tsx';
import { NameField } from '../../components/name-field.tsx';
import { useCommand } from '../../components/use-command.ts';
import { useFleet } from '../../data/views.ts';

export function ReplaceDialog({ server, onClose }: { readonly server: ServerView; readonly onClose: () => void }) {
  const fleet = useFleet();
  const [by, setBy] = useState('');
  const [reason, setReason] = useState('');
  const { ask, isAsking } = useCommand();
  // Who is away could never come into traffic.
  const names = (fleet.data?.item.available ?? []).filter(({ status }) => status === 'available');
  const replace = async () => {
    const accepted = await ask(
      'server.replace',
      { server: server.server, by: by as ServerId },
      { reason, ifPosition: server.changedAt },
    );
    if (accepted !== undefined) onClose();
  };
  return (
    <Dialog title={`Replace ${server.server}`} isOpen onClose={onClose}>
      {names.length === 0 ? (
        <Empty title="No server is available" command="muster gateway run --name web4 --listen 127.0.0.1:0">
          The one that takes its place must be in no group.
        </Empty>
      ) : (
        <Form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            void replace();
          }}
        >
          <p className="soft">
            The other one joins {server.group} first; once it takes traffic, {server.server} drains and leaves.
          </p>
          <NameField label="By" names={names.map((each) => each.server)} value={by} onChange={setBy} />
          <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
          <div className="form-buttons">
            <Button onPress={onClose}>Cancel</Button>
            <Button type="submit" look="primary" isDisabled={isAsking || by === ''}>
              Replace
            </Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}
