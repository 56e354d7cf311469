/** One group of the fleet: how it stands and why, its servers as squares, and what it carries. */
import { memo } from 'react';
import type { DeploymentView, GroupTraffic, GroupView } from '../../../../../schemas/views.ts';
import { GroupStanding } from '../../components/group-standing.tsx';
import { Link } from '../../components/link.tsx';
import { Squares } from '../../components/squares.tsx';
import { useAt } from '../../data/place.ts';
import { countsOf, countsText } from '../../components/status.ts';
import { groupTrafficText } from '../../components/traffic-text.ts';

/** As many reasons as fit beside a group; its own screen has them all. */
const reasonsMax = 3;
/** Squares that need the whole width. */
const wideFrom = 150;

export interface GroupCardProps {
  readonly group: GroupView;
  /** Undefined: not known. */
  readonly traffic: GroupTraffic | undefined;
}

export const GroupCard = memo(function GroupCard({ group, traffic }: GroupCardProps) {
  const { servers, deployments, status } = group;
  // What was published and confirmed is not in the log: nobody was behind for it then.
  const laggards = useAt() === null ? (status?.laggards ?? []) : [];
  return (
    <section
      className="panel group-card"
      data-wide={servers.length > wideFrom || undefined}
      aria-labelledby={`group-${group.group}`}
    >
      <header className="panel-head">
        <h2 id={`group-${group.group}`}>
          <Link to={`/groups/${group.group}`} className="group-link">
            {group.name}
          </Link>
        </h2>
        <GroupStanding group={group} />
        <span className="panel-note">{countsText(countsOf(servers.map((server) => server.status)))}</span>
      </header>
      <div className="group-card-body">
        {servers.length === 0 ? (
          <p className="soft">
            No server yet. Next: <Link to={`/groups/${group.group}`}>put servers into it</Link>.
          </p>
        ) : (
          <Squares label={`Servers of ${group.name}`} servers={servers} />
        )}
        {status?.held == null ? null : <p className="bad">The pool is held: {status.held}</p>}
        <Consistency group={group} traffic={traffic} />
        {laggards.length === 0 ? null : (
          <ul className="reasons">
            {laggards.slice(0, reasonsMax).map(({ what, reason }) => (
              <li key={`${what} ${reason}`}>
                <strong>{what}</strong> {reason}
              </li>
            ))}
            {laggards.length > reasonsMax ? <li>and {laggards.length - reasonsMax} more</li> : null}
          </ul>
        )}
        <ul className="chips" aria-label={`Projects of ${group.name}`}>
          {deployments.length === 0 ? <li className="soft">carries nothing yet</li> : null}
          {deployments.map((deployment) => (
            <DeploymentChip key={deployment.project} deployment={deployment} />
          ))}
        </ul>
      </div>
    </section>
  );
});

/** Whether the group is as it should be, and what flows through it, as far as its gateways count. */
function Consistency({ group: { servers, status, deployments }, traffic }: GroupCardProps) {
  const isPast = useAt() !== null;
  if (servers.length === 0 || isPast) return null;
  const isBehind = status !== null && Math.min(status.servers, status.pool, status.balancers) < status.desired;
  const isWhole = !isBehind && deployments.every(({ holding, servers: of }) => holding >= of);
  const flows = traffic === undefined ? '' : groupTrafficText(traffic);
  return (
    <p className="soft">
      {isWhole ? 'Consistent: every server holds what the group carries' : 'Not consistent yet'}
      {flows === '' ? '' : '. '}
      <span className="numeric">{flows}</span>
    </p>
  );
}

function DeploymentChip({
  deployment: { project, version, holding, servers },
}: {
  readonly deployment: DeploymentView;
}) {
  const isPast = useAt() !== null;
  const isWhole = isPast || holding >= servers;
  return (
    <li className="chip" data-whole={isWhole || undefined}>
      <span>{project}</span>
      <span className="mono">{version}</span>
      <span className={isWhole ? 'faint numeric' : 'numeric'}>
        {isPast ? '' : isWhole ? `on all ${servers}` : `on ${holding} of ${servers}`}
      </span>
    </li>
  );
}
