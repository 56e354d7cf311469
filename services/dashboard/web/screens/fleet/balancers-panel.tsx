/** Who spreads traffic over the groups, and how far behind each is. */
import { Fragment } from 'react';
import type { BalancerView } from '../../../../../schemas/views.ts';
import { Age } from '../../components/age.tsx';
import { Empty } from '../../components/empty.tsx';
import { Panel } from '../../components/panel.tsx';
import { useAt } from '../../data/place.ts';
import { StatusMark } from '../../components/status-mark.tsx';

export function BalancersPanel({ balancers }: { readonly balancers: readonly BalancerView[] }) {
  return (
    <Panel title="Balancers" note={balancers.length === 0 ? undefined : String(balancers.length)}>
      {balancers.length === 0 ? (
        <Empty
          title="No balancer yet"
          command="muster balancer run --name haproxy --frontend production=127.0.0.1:8080"
        >
          Servers get traffic through a balancer that follows their group's pool.
        </Empty>
      ) : (
        <ul className="rows">
          {balancers.map((balancer) => (
            <BalancerRow key={balancer.balancer} balancer={balancer} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function BalancerRow({ balancer: { balancer, kind, status, seenAt, pools } }: { readonly balancer: BalancerView }) {
  const isPast = useAt() !== null;
  const behind = pools.filter(({ lag, error }) => lag > 0 || error !== null);
  return (
    <li className="row">
      <div className="row-line">
        <StatusMark mark={status} word="" />
        <strong>{balancer}</strong>
        {balancer === kind ? null : <span className="faint">{kind}</span>}
        <span className="row-aside faint">
          {status === 'lost' ? (
            'lost'
          ) : seenAt === null ? (
            'not heard yet'
          ) : (
            <>
              heard <Age at={seenAt} /> ago
            </>
          )}
        </span>
      </div>
      <p className="soft">
        {isPast
          ? 'what it confirmed is not in the log'
          : behind.length === 0
            ? `${pools.length} pools, none behind`
            : behind.map(({ group, lag, error }) => (
                <Fragment key={group}>
                  {group}: {error === null ? `${lag} positions behind` : <span className="bad">{error}</span>}{' '}
                </Fragment>
              ))}
      </p>
    </li>
  );
}
