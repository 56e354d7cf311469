/** One server: where it stands among the eight statuses and how it came there, what it holds, and why. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { ServerView } from '../../../../../schemas/views.ts';
import { Age } from '../../components/age.tsx';
import { Link } from '../../components/link.tsx';
import { LinesList } from '../../components/lines-list.tsx';
import { Panel } from '../../components/panel.tsx';
import { Reading } from '../../components/reading.tsx';
import { Screen } from '../../components/screen.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many, One } from '../../data/shapes.ts';
import { useFleet } from '../../data/views.ts';
import { HoldsPanel } from './holds-panel.tsx';
import { ServerActions } from './server-actions.tsx';
import { ServerFacts } from './server-facts.tsx';
import { StatusChart } from './status-chart.tsx';
import { visitsOf } from './visits.ts';
import { WhyPanel } from './why-panel.tsx';

/** A server's life as far as its screen tells it; the history has the rest. */
const linesMax = 200;
const shownMax = 25;

export function ServerScreen({ server: id }: { readonly server: string }) {
  const at = useAt();
  const server = useQuery({
    queryKey: ['server', at, id],
    queryFn: ({ signal }) => read<One<ServerView>>(`/v1/servers/${id}`, { query: { at }, signal }),
    placeholderData: (before) => before,
  });
  const lines = useQuery({
    queryKey: ['events', at, 'server', id],
    queryFn: ({ signal }) => read<Many<Line>>('/v1/events', { query: { to: at, server: id, limit: linesMax }, signal }),
    placeholderData: (before) => before,
  });
  const item = server.data?.item;
  const { data: fleet } = useFleet();
  const groupName = fleet?.item.groups.find(({ group }) => group === item?.group)?.name ?? item?.group;
  const visits = useMemo(() => visitsOf(lines.data?.items ?? [], id), [lines.data, id]);
  return (
    <Screen
      title={id}
      above={
        <>
          <Link to="/">Fleet</Link>
          {item?.group == null ? null : <Link to={`/groups/${item.group}`}>{groupName}</Link>}
        </>
      }
      standing={item === undefined ? undefined : <ServerStanding server={item} now={server.data?.at} />}
      actions={item === undefined ? undefined : <ServerActions server={item} />}
    >
      <Reading of={server} what={`server ${id}`}>
        {({ item: found }) => (
          <div className="server">
            <div className="server-main">
              <Panel title="Where it is, and how it came" note="numbers are positions of the log">
                <StatusChart status={found.status} visits={visits} />
              </Panel>
              <HoldsPanel server={found} />
              <Panel title="Its history" actions={<Link to={`/history?server=${id}`}>All of it</Link>} flush>
                <Reading of={lines} what="its history">
                  {({ items }) => <LinesList lines={items.slice(0, shownMax)} />}
                </Reading>
              </Panel>
            </div>
            <div className="server-side">
              <ServerFacts server={found} />
              <WhyPanel path={`server/${id}`} />
            </div>
          </div>
        )}
      </Reading>
    </Screen>
  );
}

function ServerStanding({ server, now }: { readonly server: ServerView; readonly now: number | undefined }) {
  return (
    <>
      <StatusMark mark={server.status} />
      <span className="soft">
        for <Age at={server.sinceAt} from={now} />
      </span>
      {server.group === null ? null : <span className="soft">{server.inPool ? 'in the pool' : 'not in the pool'}</span>}
      {server.cordoned && server.status !== 'cordoned' ? <StatusMark mark="cordoned" word="cordoned" /> : null}
    </>
  );
}
