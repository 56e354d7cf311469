/** The way to the group's rollouts, and how many are under way. */
import { Link } from '../../components/link.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useRolloutsAlone } from '../../data/views.ts';

export function RolloutsLink({ group }: { readonly group: string }) {
  const { data } = useRolloutsAlone(group);
  const [first, ...others] = (data?.items ?? []).filter(({ progress }) => progress !== null);
  return (
    <Link to={`/groups/${group}/rollouts`} className="button">
      Rollouts
      {first === undefined ? null : (
        <StatusMark mark={first.status} word={others.length === 0 ? first.status : `${others.length + 1} under way`} />
      )}
    </Link>
  );
}
