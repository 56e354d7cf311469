/** How new versions reach a group, step by step. */
import { Link } from '../../components/link.tsx';
import { Screen } from '../../components/screen.tsx';

export function RolloutScreen({ group }: { readonly group: string }) {
  return (
    <Screen title={`Rollouts of ${group}`} above={<Link to={`/groups/${group}`}>{group}</Link>}>
      <p className="soft">No rollout yet.</p>
    </Screen>
  );
}
