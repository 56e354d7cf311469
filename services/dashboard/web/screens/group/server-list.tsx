/**
 * One of the two lists. By mouse: click, Ctrl and Shift click, drag, double click. By keyboard: arrows, Space, Shift
 * with arrows, Ctrl A; Enter moves what is chosen, or the row one is on.
 */
import { useMemo, useState } from 'react';
import {
  Button,
  GridList,
  GridListItem,
  ListLayout,
  type Selection,
  useDragAndDrop,
  Virtualizer,
} from 'react-aria-components';
import type { ServerView } from '../../../../../schemas/views.ts';
import { SearchField } from '../../components/field.tsx';
import { StatusMark } from '../../components/status-mark.tsx';

export interface ServerListProps {
  readonly title: string;
  readonly servers: readonly ServerView[];
  /** Those that are here only since they were moved, not yet saved. */
  readonly arrived: ReadonlySet<string>;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  /** Servers dropped here from the other list. */
  readonly onTake: (ids: readonly string[]) => void;
  /** Servers to go to the other list. */
  readonly onGive: (ids: readonly string[]) => void;
  readonly emptyText: React.ReactNode;
}

/** What is dragged between the lists, and nothing else in the browser has. */
const dragType = 'muster-server';
const rowHeight = 30;

export function ServerList(props: ServerListProps) {
  const { title, servers, arrived, selection, onSelect, onTake, onGive, emptyText } = props;
  const [text, setText] = useState('');
  const shown = useMemo(() => rowsOf(servers, arrived, text), [servers, arrived, text]);
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: (keys) => [...keys].map((key) => ({ [dragType]: String(key), 'text/plain': String(key) })),
    acceptedDragTypes: [dragType],
    getDropOperation: () => 'move',
    onRootDrop: async ({ items }) => {
      const texts = items.map((item) => (item.kind === 'text' ? item.getText(dragType) : Promise.resolve('')));
      onTake((await Promise.all(texts)).filter((id) => id !== ''));
    },
  });
  const give = (key: string) =>
    onGive(
      selection !== 'all' && !selection.has(key)
        ? [key]
        : chosenOf(
            selection,
            shown.map(({ id }) => id),
          ),
    );
  return (
    <div className="list">
      <div className="list-head">
        <h3>
          {title} <span className="faint numeric">{servers.length}</span>
        </h3>
        <SearchField label={`Search ${title}`} value={text} onChange={setText} />
      </div>
      <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight, padding: 4 }}>
        <GridList
          aria-label={title}
          className="list-box"
          items={shown}
          selectionMode="multiple"
          selectionBehavior="replace"
          selectedKeys={selection}
          onSelectionChange={onSelect}
          onAction={(key) => give(String(key))}
          dragAndDropHooks={dragAndDropHooks}
          renderEmptyState={() => (
            <div className="list-empty">{text === '' ? emptyText : `No name has “${text}” in it.`}</div>
          )}
        >
          {({ id, server, isNew }) => (
            <GridListItem id={id} textValue={id} className="list-item">
              <Button slot="drag" className="list-grip" aria-label={`Drag ${id}`}>
                ⠿
              </Button>
              <StatusMark mark={server.status} word="" />
              <span className="list-name cut">{id}</span>
              {isNew ? <span className="list-new">not saved</span> : null}
              <span className="list-aside faint cut">
                {server.status === 'available' ? `${server.address.host}:${server.address.port}` : server.status}
              </span>
            </GridListItem>
          )}
        </GridList>
      </Virtualizer>
    </div>
  );
}

interface Row {
  readonly id: string;
  readonly server: ServerView;
  /** It is here only since it was moved. */
  readonly isNew: boolean;
}

/** The list draws a row anew only when it is another object: one that has not changed must stay the same. */
const rowByServer = new WeakMap<ServerView, Row>();

function rowOf(server: ServerView, isNew: boolean): Row {
  const known = rowByServer.get(server);
  if (known?.isNew === isNew) return known;
  const row = { id: server.server, server, isNew };
  rowByServer.set(server, row);
  return row;
}

/** Names, addresses, statuses and labels are searched: whatever somebody knows a server by. */
function rowsOf(servers: readonly ServerView[], arrived: ReadonlySet<string>, text: string): Row[] {
  const wanted = text.trim().toLowerCase();
  const rows = servers.map((server) => rowOf(server, arrived.has(server.server)));
  return wanted === '' ? rows : rows.filter(({ server }) => searchText(server).includes(wanted));
}

function searchText({ server, address, labels, status }: ServerView): string {
  const pairs = Object.entries(labels).map((pair) => pair.join('='));
  return `${server} ${address.host}:${address.port} ${status} ${pairs.join(' ')}`.toLowerCase();
}

/** The ids chosen of those shown, in their order. */
export function chosenOf(selection: Selection, shown: readonly string[]): string[] {
  return selection === 'all' ? [...shown] : shown.filter((id) => selection.has(id));
}
