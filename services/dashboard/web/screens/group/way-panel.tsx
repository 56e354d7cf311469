/** Each server's way to traffic, live: what it has done, what it does now, and what stands in its way. */
import { useMemo } from 'react';
import type { ServerStatus } from '../../../../../schemas/group-status.ts';
import type { GroupView, PoolView, ServerView } from '../../../../../schemas/views.ts';
import { Age } from '../../components/age.tsx';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { StepMark } from '../../components/step-mark.tsx';
import { VirtualRows } from '../../components/virtual-rows.tsx';
import { useAt } from '../../data/place.ts';
import type { ServersById } from '../../data/servers.ts';
import { serverStatuses } from '../../components/status.ts';
import { type WayOptions, wayNames, wayOf } from './way.ts';

export interface WayPanelProps {
  readonly group: GroupView;
  readonly servers: ServersById;
  readonly pool: PoolView | undefined;
}

const columns = [
  { id: 'server', title: 'Server' },
  { id: 'status', title: 'Status' },
  ...wayNames.map((name) => ({ id: name.toLowerCase().replaceAll(' ', '-'), title: name })),
  { id: 'now', title: 'Now' },
];

export function WayPanel({ group, servers, pool }: WayPanelProps) {
  const at = useAt();
  const members = useMemo(() => byNeed(servers, group.group), [servers, group.group]);
  return (
    <Panel title="Way to traffic" note="who needs you most comes first" flush>
      <VirtualRows
        label={`Way to traffic of the servers of ${group.name}`}
        className="way"
        columns={columns}
        rows={members}
        keyOf={({ server }) => server}
        shownMax={14}
        empty="No server is in the group yet."
        cells={(server) => cellsOf(server, { pool, isPast: at !== null })}
      />
    </Panel>
  );
}

function cellsOf(server: ServerView, options: WayOptions) {
  const said = [server.reason, server.next].filter((text) => text !== '').join('; ');
  return [
    <Link key="server" to={`/servers/${server.server}`} className="cut">
      {server.server}
    </Link>,
    <span key="status" className="way-status">
      <StatusMark mark={server.status} /> <span className="faint">{<Age at={server.sinceAt} />}</span>
    </span>,
    ...wayOf(server, options).map((step) => <StepMark key={step.name} {...step} />),
    <span key="now" className="cut soft" title={said}>
      {said}
    </span>,
  ];
}

/** The group's: trouble first, then what is under way, then what is well; within each in the order they come in, by name. */
function byNeed(servers: ServersById, group: string): ServerView[] {
  const ranked = new Map<string, ServerView[]>([...needs].map((status) => [status, []]));
  for (const server of servers.values()) if (server.group === group) ranked.get(server.status)?.push(server);
  return [...ranked.values()].flat();
}

/** Each status, once: nobody is left out for having one that is not named here. */
const needs = new Set<ServerStatus>(['failed', 'lost', 'retrying', 'draining', 'syncing', ...serverStatuses]);
