/** What happened lately, as it happens. */
import { useQuery } from '@tanstack/react-query';
import { LinesList } from '../../components/lines-list.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';

/** Read; of which the checkpoints are left out: they are the log's own business. */
const readMax = 30;
const shownMax = 14;

export function LinesPanel() {
  const at = useAt();
  const lines = useQuery({
    queryKey: ['events', at, 'newest'],
    queryFn: ({ signal }) => read<Many<Line>>('/v1/events', { query: { to: at, limit: readMax }, signal }),
  });
  return (
    <Panel title="Lately" actions={<Link to="/history">All of history</Link>} flush>
      <Reading of={lines} what="what happened lately">
        {({ items }) => (
          <LinesList lines={items.filter(({ event }) => event.type !== 'log.checkpointed').slice(0, shownMax)} />
        )}
      </Reading>
    </Panel>
  );
}
