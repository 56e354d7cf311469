/** Under which rules the group is run, in words, and the form that changes them. */
import { useState } from 'react';
import type { GroupView } from '../../../../../schemas/views.ts';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { durationText } from '../../components/time-text.ts';
import { useBlocked } from '../../components/use-command.ts';
import { strategyText } from '../rollout/rollout-words.ts';
import { PolicyDialog } from './policy-dialog.tsx';

export function PolicyPanel({ group }: { readonly group: GroupView }) {
  const [isOpen, setOpen] = useState(false);
  const blocked = useBlocked('admin');
  const { drainTimeoutMs, leaseMs, syncsMax, floorPercent, floorWindowMs, rollout } = group.policy;
  return (
    <Panel
      title="Policy"
      actions={
        <Button size="small" look="quiet" blocked={blocked} onPress={() => setOpen(true)}>
          Change
        </Button>
      }
    >
      <dl className="facts">
        <dt>Drain</dt>
        <dd>{durationText(drainTimeoutMs)} at most, for requests in flight</dd>
        <dt>Lease</dt>
        <dd>lost after {durationText(leaseMs)} of silence</dd>
        <dt>Syncs</dt>
        <dd>{syncsMax} servers at a time</dd>
        <dt>Floor</dt>
        <dd>
          absence never takes the pool below {`${floorPercent}\u00a0%`}, within {durationText(floorWindowMs)}
        </dd>
        <dt>Versions</dt>
        <dd>
          {strategyText(rollout.strategy)}, {rollout.change === 'hot' ? 'swapped while it serves' : 'drained first'},
          healthy for {durationText(rollout.minHealthyMs)} each;{' '}
          {rollout.autoRollback ? 'back by itself if it fails' : 'halted if it fails'}
        </dd>
      </dl>
      {isOpen ? <PolicyDialog group={group} onClose={() => setOpen(false)} /> : null}
    </Panel>
  );
}
