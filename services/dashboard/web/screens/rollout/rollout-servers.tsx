/** Every server of a rollout: what it shall hold, how it stands, and since when it is healthy. */
import type { RolloutView } from '../../../../../schemas/views.ts';
import { Age } from '../../components/age.tsx';
import { Link } from '../../components/link.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { VirtualRows } from '../../components/virtual-rows.tsx';
import { markByStanding, type Standing } from './rollout-words.ts';

type Servers = NonNullable<RolloutView['progress']>['servers'];

const columns = [
  { id: 'server', title: 'Server' },
  { id: 'standing', title: 'Stands' },
  { id: 'version', title: 'Shall hold' },
  { id: 'healthy', title: 'Healthy for' },
  { id: 'text', title: 'What it says' },
];

export function RolloutServers({ servers }: { readonly servers: Servers }) {
  return (
    <VirtualRows
      label="Servers of this rollout"
      className="rollout-servers"
      columns={columns}
      rows={servers.toSorted((a, b) => needs.indexOf(a.standing) - needs.indexOf(b.standing))}
      keyOf={({ server }) => server}
      shownMax={10}
      empty="The group has no server: whoever joins gets the new version."
      cells={({ server, standing, version, healthySince, text }) => [
        <Link key="server" to={`/servers/${server}`} className="cut">
          {server}
        </Link>,
        <StatusMark key="standing" mark={markByStanding[standing]} word={standing} />,
        <span key="version" className="mono">
          {version ?? 'nothing'}
        </span>,
        healthySince === null ? (
          <span key="healthy" className="faint">
            –
          </span>
        ) : (
          <Age key="healthy" at={healthySince} />
        ),
        <span key="text" className="soft cut" title={text}>
          {text}
        </span>,
      ]}
    />
  );
}

/** Trouble first, then what moves, then what has moved. */
const needs: readonly Standing[] = ['failed', 'lost', 'pending', 'healthy', 'gone', 'untold'];
