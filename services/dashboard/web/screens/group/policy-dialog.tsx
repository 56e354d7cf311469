/** The group's policy as a form: only what was changed is asked for. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { GroupName } from '../../../../../schemas/ids.ts';
import type { GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { NumberField, TextField } from '../../components/field.tsx';
import { useCommand } from '../../components/use-command.ts';

/** The contract's own bounds; durations are edited in seconds. */
const fields = [
  {
    name: 'drainTimeoutMs',
    label: 'Drain timeout',
    unit: 's',
    min: 0,
    max: 3_600,
    scale: 1_000,
    hint: 'How long a leaving server may finish requests.',
  },
  {
    name: 'leaseMs',
    label: 'Lease',
    unit: 's',
    min: 1,
    max: 3_600,
    scale: 1_000,
    hint: 'Silence after which a server counts as lost.',
  },
  {
    name: 'syncsMax',
    label: 'Syncs at a time',
    unit: 'servers',
    min: 1,
    max: 10_000,
    scale: 1,
    hint: 'How many servers sync into the group together.',
  },
  {
    name: 'floorPercent',
    label: 'Floor',
    unit: '%',
    min: 0,
    max: 100,
    scale: 1,
    hint: 'Absence alone never takes the pool below this.',
  },
  {
    name: 'floorWindowMs',
    label: 'Floor window',
    unit: 's',
    min: 0,
    max: 86_400,
    scale: 1_000,
    hint: 'Absences within it count together.',
  },
] as const;

export function PolicyDialog({ group, onClose }: { readonly group: GroupView; readonly onClose: () => void }) {
  const [values, setValues] = useState<Readonly<Record<string, number>>>(() =>
    Object.fromEntries(fields.map(({ name, scale }) => [name, group.policy[name] / scale])),
  );
  const [reason, setReason] = useState('');
  const { ask, isAsking } = useCommand();
  const changed = fields.filter(({ name, scale }) => (values[name] ?? 0) * scale !== group.policy[name]);
  const save = async () => {
    const policy = Object.fromEntries(
      changed.map(({ name, scale }) => [name, Math.round((values[name] ?? 0) * scale)]),
    );
    const accepted = await ask(
      'group.configure',
      { group: group.name as GroupName, policy },
      { ifPosition: group.changedAt, reason },
    );
    if (accepted !== undefined) onClose();
  };
  return (
    <Dialog title={`Policy of ${group.name}`} isOpen onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {fields.map(({ name, label, unit, min, max, hint }) => (
          <NumberField
            key={name}
            label={label}
            unit={unit}
            min={min}
            max={max}
            hint={hint}
            value={values[name] ?? min}
            onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
          />
        ))}
        <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
        <div className="form-buttons">
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isDisabled={isAsking || changed.length === 0}>
            Change policy
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
