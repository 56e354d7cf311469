/** What the server should hold, beside what its newest receipt says it does. */
import type { ServerView } from '../../../../../schemas/views.ts';
import { Panel } from '../../components/panel.tsx';
import { StepMark } from '../../components/step-mark.tsx';
import { useAt } from '../../data/place.ts';

const notes = { done: 'as it should', doing: 'on its way', untold: 'not in the log', failed: '' } as const;

export function HoldsPanel({ server }: { readonly server: ServerView }) {
  const { desired, held, failures, group } = server;
  const isPast = useAt() !== null;
  const versionBy = new Map<string, string>((held ?? []).map(({ project, version }) => [project, version]));
  const textBy = new Map(failures.map(({ project, text }) => [project as string, text]));
  const names = [...new Set([...desired.map(({ project }) => project as string), ...versionBy.keys()])].sort();
  return (
    <Panel
      title="Holds"
      note={
        isPast
          ? 'receipts are not in the log'
          : held === null
            ? 'no receipt heard'
            : `by its receipt for position ${server.receipt}`
      }
      flush
    >
      {names.length === 0 ? (
        <p className="inset soft">
          {group === null ? 'Nothing: it is in no group.' : 'Nothing: its group carries no project yet.'}
        </p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Project</th>
              <th scope="col">Should hold</th>
              <th scope="col">Holds</th>
              <th scope="col">So</th>
            </tr>
          </thead>
          <tbody>
            {names.map((project) => {
              const wanted = desired.find((each) => each.project === project)?.version;
              const has = versionBy.get(project);
              const failure = textBy.get(project);
              const look = failure !== undefined ? 'failed' : isPast ? 'untold' : wanted === has ? 'done' : 'doing';
              return (
                <tr key={project}>
                  <th scope="row">{project}</th>
                  <td className="mono">{wanted ?? <span className="faint">nothing</span>}</td>
                  <td className="mono">
                    {has ?? <span className="faint">{held === null ? 'not heard' : 'nothing'}</span>}
                  </td>
                  <td>
                    <StepMark name={project} look={look} note={failure ?? notes[look]} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
