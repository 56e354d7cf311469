/** The story of the group's rollouts as the log tells it: every step and every gate, passed or not. */
import { useQuery } from '@tanstack/react-query';
import type { EventType } from '../../../../../schemas/events.ts';
import { LinesList } from '../../components/lines-list.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';

const shownMax = 40;
const types: readonly EventType[] = [
  'deployment.requested',
  'release.requested',
  'deployment.withdrawn',
  'rollout.advanced',
  'rollout.paused',
  'rollout.resumed',
  'rollout.promoted',
  'rollout.aborted',
  'rollout.retried',
  'rollout.switched',
  'rollout.failed',
  'rollout.rolled-back',
  'rollout.succeeded',
  'server.sync-failed',
];

export function RolloutLines({ group }: { readonly group: string }) {
  const at = useAt();
  const lines = useQuery({
    queryKey: ['events', at, 'rollouts', group],
    queryFn: ({ signal }) =>
      read<Many<Line>>('/v1/events', { query: { to: at, group, type: types.join(','), limit: shownMax }, signal }),
    placeholderData: (before) => before,
  });
  return (
    <Panel title="Step by step" flush>
      <Reading of={lines} what="the steps">
        {({ items }) => <LinesList lines={items} />}
      </Reading>
    </Panel>
  );
}
