/** Where the group's traffic enters, by each balancer that says so. */
import type { PoolView } from '../../../../../schemas/views.ts';

export function Entrances({ pool }: { readonly pool: PoolView | undefined }) {
  const listening = (pool?.balancers ?? []).filter(({ listen }) => listen !== null);
  if (listening.length === 0) return null;
  return (
    <ul className="entrances" aria-label="Where its traffic enters">
      {listening.map(({ balancer, listen }) => (
        <li key={balancer} className="soft">
          {balancer} <code>{listen}</code>
        </li>
      ))}
    </ul>
  );
}
