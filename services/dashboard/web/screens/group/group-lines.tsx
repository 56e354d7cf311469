/** What happened to this group lately. */
import { useQuery } from '@tanstack/react-query';
import { LinesList } from '../../components/lines-list.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';

const shownMax = 10;

export function GroupLines({ group }: { readonly group: string }) {
  const at = useAt();
  const lines = useQuery({
    queryKey: ['events', at, 'group', group],
    queryFn: ({ signal }) => read<Many<Line>>('/v1/events', { query: { to: at, group, limit: shownMax }, signal }),
  });
  return (
    <Panel title="Lately" actions={<Link to={`/history?group=${group}`}>Its history</Link>} flush>
      <Reading of={lines} what="what happened lately">
        {({ items }) => <LinesList lines={items} />}
      </Reading>
    </Panel>
  );
}
