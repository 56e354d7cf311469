/** The log as a timeline: filtered, scrolled back to its beginning, looked into, compared, and taken along. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/panel.tsx';
import { Screen } from '../../components/screen.tsx';
import { useBlocked } from '../../components/use-command.ts';
import { useNotices } from '../../components/notices.tsx';
import { download } from '../../data/api.ts';
import { usePlace } from '../../data/place.ts';
import { problemOf } from '../../data/problem.ts';
import { DiffPanel } from './diff-panel.tsx';
import { EventPanel } from './event-panel.tsx';
import { Filters } from './filters.tsx';
import { filtersIn } from './filter.ts';
import { Rhythm } from './rhythm.tsx';
import { Timeline } from './timeline.tsx';
import { usePages } from './use-pages.ts';

export function HistoryScreen() {
  const { query, at } = usePlace();
  const [filters, setFilters] = useState(() => filtersIn(query));
  const [chosen, choose] = useState<number | null>(() => Number(query.get('position')) || null);
  const pages = usePages(filters);
  return (
    <Screen
      title="History"
      standing={<span className="soft">{pages.position === null ? '' : `${at ?? pages.position} events`}</span>}
      actions={<ExportButton />}
    >
      <div className="history">
        <div className="history-main">
          <Panel
            title="When how much happened"
            note="of the events below; a click on a bar shows every screen as it was then"
          >
            <Rhythm lines={pages.lines} />
          </Panel>
          <Panel title="Events" note="newest first" flush>
            <Filters filters={filters} onChange={setFilters} />
            <Timeline pages={pages} chosen={chosen} onChoose={choose} />
          </Panel>
        </div>
        <div className="history-side">
          <EventPanel position={chosen} lines={pages.lines} />
          <DiffPanel chosen={chosen} head={pages.position} />
        </div>
      </div>
    </Screen>
  );
}

function ExportButton() {
  const blocked = useBlocked('admin');
  const { say } = useNotices();
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      await download('/v1/export', `muster-log-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.ndjson.gz`);
      say({ text: 'The log is saved as a file. Prove it anywhere: muster audit verify FILE --key KEY', look: 'good' });
    } catch (caught) {
      const { message, next } = problemOf(caught);
      say({ text: message, next, look: 'bad' });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button blocked={blocked.startsWith('This is how') ? '' : blocked} isDisabled={isBusy} onPress={() => void save()}>
      {isBusy ? 'Exporting…' : 'Export'}
    </Button>
  );
}
