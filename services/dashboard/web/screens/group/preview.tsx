/** Before Save: who gets what, who drains first, and what the fleet itself says would come of it. */
import type { ReactNode } from 'react';
import type { GroupView, ServerView } from '../../../../../schemas/views.ts';
import { durationText } from '../../components/time-text.ts';
import type { ServersById } from '../../data/servers.ts';
import type { Draft } from './draft.ts';
import { ForecastPanel } from './forecast.tsx';

export interface PreviewProps {
  readonly group: GroupView;
  readonly draft: Draft;
  readonly servers: ServersById;
}

/** Named one by one; more are counted. */
const namedMax = 6;

export function Preview({ group, draft, servers }: PreviewProps) {
  const joins = found(draft.joins, servers);
  const leaves = found(draft.leaves, servers);
  const projects = group.deployments.map(({ project, version }) => `${project}@${version}`);
  return (
    <div className="preview">
      {joins.length === 0 ? null : (
        <PreviewList
          title={`${joins.length} join${joins.length === 1 ? 's' : ''}`}
          servers={joins}
          text={() =>
            projects.length === 0 ? (
              'gets nothing: the group carries no project yet'
            ) : (
              <>
                gets <span className="mono">{projects.join(', ')}</span>, then takes traffic
              </>
            )
          }
        />
      )}
      {leaves.length === 0 ? null : (
        <PreviewList
          title={`${leaves.length} leave${leaves.length === 1 ? 's' : ''}`}
          servers={leaves}
          text={({ inPool, inFlight }) =>
            inPool
              ? `drains for ${durationText(group.policy.drainTimeoutMs)} at most${inFlight ? ` (${inFlight} in flight now)` : ''}, then is available`
              : 'is not in the pool: leaves at once'
          }
        />
      )}
      <ForecastPanel group={group} draft={draft} />
    </div>
  );
}

interface PreviewListProps {
  readonly title: string;
  readonly servers: readonly ServerView[];
  readonly text: (server: ServerView) => ReactNode;
}

function PreviewList({ title, servers, text }: PreviewListProps) {
  return (
    <div>
      <h3>{title}</h3>
      <ul className="preview-list">
        {servers.slice(0, namedMax).map((server) => (
          <li key={server.server}>
            <strong>{server.server}</strong> {text(server)}
          </li>
        ))}
        {servers.length > namedMax ? <li className="soft">and {servers.length - namedMax} more</li> : null}
      </ul>
    </div>
  );
}

function found(ids: ReadonlySet<string>, servers: ServersById): ServerView[] {
  return [...ids].flatMap((id) => servers.get(id) ?? []);
}
