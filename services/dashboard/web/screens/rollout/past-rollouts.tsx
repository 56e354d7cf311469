/** Rollouts that are over: what came of each, how long it took, and why it ended as it did. */
import type { RolloutView } from '../../../../../schemas/views.ts';
import { Link } from '../../components/link.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { durationText, momentText } from '../../components/time-text.ts';
import { targetText } from './rollout-words.ts';

export function PastRollouts({ rollouts }: { readonly rollouts: readonly RolloutView[] }) {
  return (
    <Panel title="Over" note="newest first" flush>
      {rollouts.length === 0 ? (
        <p className="inset soft">None yet.</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Ended</th>
              <th scope="col">Asked</th>
              <th scope="col">Took</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {rollouts.map(({ rollout, targets, status, reason, askedAt, endedAt, ended }) => (
              <tr key={rollout}>
                <th scope="row">{targets.map(targetText).join(', ')}</th>
                <td>
                  <StatusMark mark={status} />
                </td>
                <td>
                  <Link to={`/history?position=${rollout}`}>{momentText(askedAt)}</Link>
                </td>
                <td className="numeric">{endedAt === null || ended === null ? '' : durationText(endedAt - askedAt)}</td>
                <td className="wrap">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
