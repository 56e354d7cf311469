/** What colours and shapes mean. */
import { StatusMark } from '../../components/status-mark.tsx';
import { serverStatuses } from '../../components/status.ts';

export function Legend() {
  return (
    <ul className="legend" aria-label="What the squares mean">
      {serverStatuses.map((status) => (
        <li key={status}>
          <StatusMark mark={status} />
        </li>
      ))}
    </ul>
  );
}
