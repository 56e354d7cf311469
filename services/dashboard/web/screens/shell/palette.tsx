/** Ctrl K: to any screen, group, server or project by a few letters of its name. */
import { useEffect, useMemo, useState } from 'react';
import {
  Autocomplete,
  Dialog as AriaDialog,
  Input,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components';
import { go } from '../../data/place.ts';
import { useFleet, useProjects } from '../../data/views.ts';

interface Target {
  readonly id: string;
  readonly text: string;
  readonly kind: string;
}

/** More would only be scrolled past: a letter more brings the rest. */
const shownMax = 40;

export function Palette() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <ModalOverlay className="overlay overlay-top" isOpen={isOpen} onOpenChange={setOpen} isDismissable>
      <Modal className="modal palette">
        <AriaDialog aria-label="Go to" className="palette-dialog">
          <PaletteList onDone={() => setOpen(false)} />
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function PaletteList({ onDone }: { readonly onDone: () => void }) {
  const [text, setText] = useState('');
  const targets = useTargets();
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/);
    return targets
      .filter((target) => words.every((word) => `${target.kind} ${target.text}`.toLowerCase().includes(word)))
      .slice(0, shownMax);
  }, [targets, text]);
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label="Go to a screen, group, server or project" className="palette-search" autoFocus>
        <Input placeholder="Go to a screen, group, server or project" />
      </SearchField>
      <ListBox
        aria-label="Places"
        className="menu palette-list"
        items={found}
        onAction={(key) => {
          onDone();
          go(String(key));
        }}
        renderEmptyState={() => <p className="empty soft">Nothing has such a name.</p>}
      >
        {({ id, text: name, kind }) => (
          <ListBoxItem id={id} textValue={name} className="menu-item">
            <span className="cut">{name}</span>
            <span className="faint">{kind}</span>
          </ListBoxItem>
        )}
      </ListBox>
    </Autocomplete>
  );
}

function useTargets(): readonly Target[] {
  const { data: fleet } = useFleet();
  const { data: projects } = useProjects();
  return useMemo(() => {
    const groups = fleet?.item.groups ?? [];
    const servers = [...groups.flatMap((group) => group.servers), ...(fleet?.item.available ?? [])];
    return [
      { id: '/', text: 'Fleet', kind: 'screen' },
      { id: '/projects', text: 'Projects', kind: 'screen' },
      { id: '/history', text: 'History', kind: 'screen' },
      ...groups.map(({ group, name }) => ({ id: `/groups/${group}`, text: name, kind: 'group' })),
      ...groups.map(({ group, name }) => ({ id: `/groups/${group}/rollouts`, text: name, kind: 'rollouts of' })),
      ...(projects?.items ?? []).map(({ project }) => ({
        id: `/projects/${project}`,
        text: project,
        kind: 'project',
      })),
      ...servers.map(({ server }) => ({ id: `/servers/${server}`, text: server, kind: 'server' })),
    ];
  }, [fleet, projects]);
}
