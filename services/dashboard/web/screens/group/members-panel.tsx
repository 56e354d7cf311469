/**
 * Who is in the group and who could be. Moving changes nothing yet: it says what Save will do; Save is one command;
 * Reset forgets what was moved.
 */
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import type { Selection } from 'react-aria-components';
import type { GroupName, ServerId } from '../../../../../schemas/ids.ts';
import type { GroupView, ServerView } from '../../../../../schemas/views.ts';
import { IconButton } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { Typed } from '../../components/typed.tsx';
import { useBlocked, useCommand } from '../../components/use-command.ts';
import type { ServersById } from '../../data/servers.ts';
import { type Draft, emptyDraft, isEmpty, moved, settled, sidesOf } from './draft.ts';
import { SaveBar } from './save-bar.tsx';
import { chosenOf, ServerList } from './server-list.tsx';

export interface MembersPanelProps {
  readonly group: GroupView;
  readonly servers: ServersById;
}

const nobody: Selection = new Set<string>();

export function MembersPanel({ group, servers: newest }: MembersPanelProps) {
  // Lists of ten thousand take a while to draw: what is urgent, such as the rows below them, goes first.
  const servers = useDeferredValue(newest);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [chosenMembers, chooseMembers] = useState<Selection>(nobody);
  const [chosenAvailable, chooseAvailable] = useState<Selection>(nobody);
  const blocked = useBlocked();
  const { ask, isAsking } = useCommand();
  useEffect(() => setDraft((before) => settled(before, servers, group.group)), [servers, group.group]);
  const { members, available } = useMemo(() => sidesOf(servers, group.group, draft), [servers, group.group, draft]);
  const move = (ids: readonly string[], to: 'members' | 'available') => {
    setDraft((before) => moved(before, ids, to, (id) => servers.get(id)?.group === group.group));
    chooseMembers(nobody);
    chooseAvailable(nobody);
  };
  const save = async (reason: string) => {
    const accepted = await ask(
      'group.set-servers',
      { group: group.name as GroupName, add: [...draft.joins] as ServerId[], remove: [...draft.leaves] as ServerId[] },
      { ifPosition: group.changedAt, reason },
    );
    if (accepted !== undefined) setDraft(emptyDraft);
  };
  return (
    <Panel title="Members" note="move servers, see what it means, then save" className="members">
      <div className="lists">
        <ServerList
          title="Servers"
          servers={members}
          arrived={draft.joins}
          selection={chosenMembers}
          onSelect={chooseMembers}
          onTake={(ids) => move(ids, 'members')}
          onGive={(ids) => move(ids, 'available')}
          emptyText="No server yet: choose some at the right and move them here."
        />
        <div className="lists-between">
          <IconButton
            label="Add the chosen available servers to the group"
            look="plain"
            onPress={() => move(chosenOf(chosenAvailable, idsOf(available)), 'members')}
            isDisabled={chosenAvailable !== 'all' && chosenAvailable.size === 0}
          >
            ←
          </IconButton>
          <IconButton
            label="Take the chosen servers out of the group"
            look="plain"
            onPress={() => move(chosenOf(chosenMembers, idsOf(members)), 'available')}
            isDisabled={chosenMembers !== 'all' && chosenMembers.size === 0}
          >
            →
          </IconButton>
        </div>
        <ServerList
          title="Available Servers"
          servers={available}
          arrived={draft.leaves}
          selection={chosenAvailable}
          onSelect={chooseAvailable}
          onTake={(ids) => move(ids, 'available')}
          onGive={(ids) => move(ids, 'members')}
          emptyText={
            <>
              No server is free. Start one:
              <Typed command="muster gateway run --name web3 --listen 127.0.0.1:0" />
            </>
          }
        />
      </div>
      {isEmpty(draft) ? null : (
        <SaveBar
          group={group}
          draft={draft}
          servers={servers}
          blocked={blocked}
          isSaving={isAsking}
          onSave={(reason) => void save(reason)}
          onReset={() => setDraft(emptyDraft)}
        />
      )}
    </Panel>
  );
}

function idsOf(servers: readonly ServerView[]): string[] {
  return servers.map(({ server }) => server);
}
