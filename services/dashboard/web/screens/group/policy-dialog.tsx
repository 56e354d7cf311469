/** The group's policy as a form: only what was changed is asked for. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { GroupName } from '../../../../../schemas/ids.ts';
import type { GroupPolicyChange } from '../../../../../schemas/policy.ts';
import type { GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { CheckField, NumberField, Select, TextField } from '../../components/field.tsx';
import { useCommand } from '../../components/use-command.ts';
import { changeOf, numberFields, rolloutFields, type PolicyValues, valuesOf } from './policy-fields.ts';
import { strategiesWith } from './strategies.ts';

export function PolicyDialog({ group, onClose }: { readonly group: GroupView; readonly onClose: () => void }) {
  const [values, setValues] = useState<PolicyValues>(() => valuesOf(group.policy));
  const [reason, setReason] = useState('');
  const { ask, isAsking } = useCommand();
  const change: GroupPolicyChange = changeOf(group.policy, values);
  const set = (part: Partial<PolicyValues>) => setValues((before) => ({ ...before, ...part }));
  const setNumber = (name: string, value: number) => set({ numbers: { ...values.numbers, [name]: value } });
  const save = async () => {
    const accepted = await ask(
      'group.configure',
      { group: group.name as GroupName, policy: change },
      { ifPosition: group.changedAt, reason },
    );
    if (accepted !== undefined) onClose();
  };
  const numberField = ({ name, label, unit, min, max, hint }: (typeof numberFields)[number]) => (
    <NumberField
      key={name}
      label={label}
      unit={unit}
      min={min}
      max={max}
      hint={hint}
      value={values.numbers[name] ?? min}
      onChange={(value) => setNumber(name, value)}
    />
  );
  return (
    <Dialog title={`Policy of ${group.name}`} isOpen onClose={onClose} size="wide">
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="form-columns">
          <div className="form">{numberFields.map(numberField)}</div>
          <div className="form">
            <Select
              label="New versions arrive"
              value={values.strategy}
              onChange={(strategy) => set({ strategy })}
              options={strategiesWith(group.policy.rollout.strategy)}
            />
            {rolloutFields.map(numberField)}
            <CheckField
              label="Drain a server before it changes"
              isSelected={values.drainFirst}
              onChange={(drainFirst) => set({ drainFirst })}
            />
            <CheckField
              label="Go back by itself when it fails"
              isSelected={values.autoRollback}
              onChange={(autoRollback) => set({ autoRollback })}
            />
          </div>
        </div>
        <TextField label="Reason" value={reason} onChange={setReason} placeholder="kept in the log; may be empty" />
        <div className="form-buttons">
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="primary" isDisabled={isAsking || Object.keys(change).length === 0}>
            Change policy
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
