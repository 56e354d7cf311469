/** What may be done to a server as it stands now; each is asked with its reason, and says what it will do. */
import { useState } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { ServerView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useBlocked, useCommand } from '../../components/use-command.ts';
import { actionsFor, type ServerAction } from './actions-for.ts';
import { MoveDialog } from './move-dialog.tsx';
import { ReplaceDialog } from './replace-dialog.tsx';

export function ServerActions({ server }: { readonly server: ServerView }) {
  const blocked = useBlocked();
  const mayNotRetire = useBlocked('admin');
  const [opened, open] = useState<ServerAction | null>(null);
  const [asked, setAsked] = useState<'move' | 'replace' | null>(null);
  const { ask } = useCommand();
  const [first, ...others] = actionsFor(server);
  const confirm = async (reason: string) => {
    if (opened === null) return;
    await ask(opened.type, { server: server.server }, { reason, ifPosition: server.changedAt });
    open(null);
  };
  const choose = (type: string) => {
    const action = others.find((each) => each.type === type);
    if (action !== undefined) open(action);
    else if (type === 'server.replace') setAsked('replace');
  };
  return (
    <>
      <Button blocked={blocked} onPress={() => setAsked('move')}>
        {server.group === null ? 'Join a group' : 'Move'}
      </Button>
      {first === undefined ? null : (
        <Button blocked={blocked} onPress={() => open(first)}>
          {first.label}
        </Button>
      )}
      <MenuTrigger>
        <Button look="plain" blocked={blocked} aria-label="More to do">
          More ▾
        </Button>
        <Popover className="popover" offset={4} placement="bottom end">
          <Menu
            className="menu"
            onAction={(key) => choose(String(key))}
            disabledKeys={mayNotRetire === '' ? [] : ['server.retire']}
          >
            {server.group === null ? null : (
              <MenuItem id="server.replace" className="menu-item">
                Replace
              </MenuItem>
            )}
            {others.map(({ type, label }) => (
              <MenuItem key={type} id={type} className="menu-item">
                {label}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      <ConfirmDialog
        title={`${opened?.label ?? ''} ${server.server}?`}
        button={opened?.label ?? ''}
        look={opened?.type === 'server.retire' ? 'danger' : 'primary'}
        isOpen={opened !== null}
        onClose={() => open(null)}
        onConfirm={confirm}
      >
        {opened?.meaning}
      </ConfirmDialog>
      {asked === 'move' ? <MoveDialog server={server} onClose={() => setAsked(null)} /> : null}
      {asked === 'replace' ? <ReplaceDialog server={server} onClose={() => setAsked(null)} /> : null}
    </>
  );
}
