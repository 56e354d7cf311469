/** The way to every screen: the groups with how they stand, so that trouble is seen from wherever one is. */
import { Link } from '../../components/link.tsx';
import { GroupStanding } from '../../components/group-standing.tsx';
import { useFleet, useSession } from '../../data/views.ts';
import { Foot } from './foot.tsx';

export function Side() {
  const { data: fleet } = useFleet();
  const { data: session } = useSession();
  return (
    <nav className="side" aria-label="Screens">
      <div className="brand">
        <svg width="22" height="22" viewBox="0 0 16 16" aria-hidden="true">
          <rect width="16" height="16" rx="3.5" fill="var(--accent-fill)" />
          <path fill="#fff" d="M3.5 3.5h4v4h-4zM8.5 8.5h4v4h-4zM3.5 8.5h4v4h-4z" />
          <path fill="#fff" opacity=".45" d="M8.5 3.5h4v4h-4z" />
        </svg>
        <span className="brand-name">Muster</span>
        <span className="faint cut" title="The fleet">
          {fleet?.item.fleet ?? session?.fleet ?? ''}
        </span>
      </div>
      <ul className="side-list">
        <li>
          <Link to="/" className="side-link" isNav>
            Fleet
          </Link>
        </li>
        <li>
          <Link to="/projects" className="side-link" isNav>
            Projects
          </Link>
        </li>
        <li>
          <Link to="/history" className="side-link" isNav>
            History
          </Link>
        </li>
      </ul>
      <h2 className="side-heading">Groups</h2>
      <ul className="side-list side-groups">
        {(fleet?.item.groups ?? []).map((group) => (
          <li key={group.group}>
            <Link to={`/groups/${group.group}`} className="side-link" isNav>
              <GroupStanding group={group} isSmall />
              <span className="cut">{group.name}</span>
              <span className="side-count numeric">{group.servers.length}</span>
              <span className="unseen">servers</span>
            </Link>
          </li>
        ))}
      </ul>
      <Foot />
    </nav>
  );
}
