/** One group of the fleet: how it stands and why, its servers as squares, and what it carries. */
import { memo } from 'react';
import type { DeploymentView, GroupView } from '../../../../../schemas/views.ts';
import { groupMark } from '../../components/group-mark.ts';
import { Link } from '../../components/link.tsx';
import { Squares } from '../../components/squares.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { countsOf, countsText } from '../../components/status.ts';

/** As many reasons as fit beside a group; its own screen has them all. */
const reasonsMax = 3;

export const GroupCard = memo(function GroupCard({ group }: { readonly group: GroupView }) {
  const { servers, deployments, status } = group;
  const laggards = status?.laggards ?? [];
  return (
    <section className="panel group-card" aria-labelledby={`group-${group.group}`}>
      <header className="panel-head">
        <h2 id={`group-${group.group}`}>
          <Link to={`/groups/${group.group}`} className="group-link">
            {group.name}
          </Link>
        </h2>
        <StatusMark mark={groupMark(group)} />
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

function DeploymentChip({
  deployment: { project, version, holding, servers },
}: {
  readonly deployment: DeploymentView;
}) {
  const isWhole = holding >= servers;
  return (
    <li className="chip" data-whole={isWhole || undefined}>
      <span>{project}</span>
      <span className="mono">{version}</span>
      <span className={isWhole ? 'faint numeric' : 'numeric'}>
        {isWhole ? `on all ${servers}` : `on ${holding} of ${servers}`}
      </span>
    </li>
  );
}
