/** What was moved, what it will do, and the two ways on: Save, one command, or Reset. */
import { useState } from 'react';
import type { GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/field.tsx';
import type { ServersById } from '../../data/servers.ts';
import type { Draft } from './draft.ts';
import { Preview } from './preview.tsx';

export interface SaveBarProps {
  readonly group: GroupView;
  readonly draft: Draft;
  readonly servers: ServersById;
  readonly blocked: string;
  readonly isSaving: boolean;
  readonly onSave: (reason: string) => void;
  readonly onReset: () => void;
}

/** As many as one command takes (`serversPerCommandMax` of the contract). */
const namedMax = 4_096;

export function SaveBar({ group, draft, servers, blocked, isSaving, onSave, onReset }: SaveBarProps) {
  const [reason, setReason] = useState('');
  const { joins, leaves } = draft;
  const tooMany =
    Math.max(joins.size, leaves.size) > namedMax
      ? `One command takes ${namedMax} servers at most: save some of them first.`
      : '';
  return (
    <section className="save" aria-label="What Save will do">
      <Preview group={group} draft={draft} servers={servers} />
      <form
        className="save-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (blocked === '' && tooMany === '' && !isSaving) onSave(reason);
        }}
      >
        <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
        <Button onPress={onReset}>Reset</Button>
        <Button type="submit" look="primary" blocked={blocked || tooMany} isDisabled={isSaving}>
          {isSaving ? 'Saving…' : saveText(joins.size, leaves.size)}
        </Button>
      </form>
    </section>
  );
}

function saveText(joins: number, leaves: number): string {
  const parts = [joins > 0 ? `${joins} in` : '', leaves > 0 ? `${leaves} out` : ''].filter((part) => part !== '');
  return `Save: ${parts.join(', ')}`;
}
