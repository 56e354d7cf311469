/** What differs between two instants: members, versions, policies, pools, servers, projects. */
import { useState } from 'react';
import { Input, Label, TextField } from 'react-aria-components';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { changeText, type ToldChange } from '../../../../../schemas/change-text.ts';
import { useDiff } from '../../data/views.ts';

export interface DiffPanelProps {
  readonly chosen: number | null;
  readonly head: number | null;
}

/** More is for the command line, which has no screen to fill. */
const shownMax = 200;

export function DiffPanel({ chosen, head }: DiffPanelProps) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [group, setGroup] = useState('');
  const diff = useDiff({ from, to, group });
  return (
    <Panel title="Compare two instants">
      <div className="diff-fields">
        <Instant label="From" value={from} onChange={setFrom} chosen={chosen} />
        <Instant label="To" value={to} onChange={setTo} chosen={chosen ?? head} />
        <TextField className="filter" value={group} onChange={setGroup} autoComplete="off">
          <Label>Group</Label>
          <Input className="input" placeholder="every" />
        </TextField>
      </div>
      {from === '' || to === '' ? (
        <p className="soft">A position, a time such as 2026-03-01T12:00:00Z, or how long ago: 2h.</p>
      ) : (
        <Reading of={diff} what="what differs">
          {({ items, from: first, to: last }) => (
            <>
              <p className="soft">
                {items.length === 0 ? 'Nothing differs' : `${items.length} differences`} between {first.position} and{' '}
                {last.position}.
              </p>
              <ol className="diff">
                {items.slice(0, shownMax).map((change) => (
                  <DiffLine key={`${change.what} ${change.group} ${change.name}`} change={change} />
                ))}
              </ol>
              {items.length > shownMax ? <p className="soft">and {items.length - shownMax} more</p> : null}
            </>
          )}
        </Reading>
      )}
    </Panel>
  );
}

interface InstantProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly chosen: number | null;
}

function Instant({ label, value, onChange, chosen }: InstantProps) {
  const eventText = chosen === null ? 'no event chosen' : `event ${chosen}`;
  return (
    <div className="instant">
      <TextField className="filter" value={value} onChange={onChange} autoComplete="off">
        <Label>{label}</Label>
        <Input className="input" placeholder="1200" />
      </TextField>
      <Button
        size="small"
        look="quiet"
        isDisabled={chosen === null}
        aria-label={`${label}: ${eventText}`}
        onPress={() => onChange(String(chosen ?? ''))}
      >
        {eventText}
      </Button>
    </div>
  );
}

function DiffLine({ change }: { readonly change: ToldChange }) {
  const look = change.before === null ? 'came' : change.after === null ? 'went' : 'changed';
  const sign = { came: '+', went: '−', changed: '~' }[look];
  return (
    <li data-look={look}>
      <span className="mono diff-sign" aria-hidden="true">
        {sign}
      </span>
      <span className="unseen">{look}:</span> {changeText(change)}
    </li>
  );
}
