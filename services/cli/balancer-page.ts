/** Balancers as people read them: one row a balancer and group. */
import type { BalancerView } from '../../schemas/views.ts';
import { ageText } from '../../src/std/durations.ts';
import type { Paint } from './paint.ts';
import { marked } from './status-text.ts';
import { renderTable } from './table.ts';

type PoolOf = BalancerView['pools'][number];

export function balancerTable(balancers: readonly BalancerView[], paint: Paint): string {
  const columns = ['balancer', 'kind', 'status', 'seen', 'group', 'applied', 'lag', 'error'];
  const rows = balancers.flatMap(({ balancer, kind, status, seenAt, pools, groups }) => {
    const seen = seenAt === null ? 'not yet' : `${ageText(Date.now() - seenAt)} ago`;
    const head = [balancer, kind, marked(status), seen];
    if (pools.length === 0) return [[...head, groups === 'all' ? 'all' : groups.join(', '), '-', '-', '-']];
    return pools.map((pool) => [...head, ...poolCells(pool)]);
  });
  return renderTable({ columns, rows, empty: 'no balancers; next: muster balancer run' }, paint);
}

function poolCells({ group, applied, lag, error }: PoolOf): string[] {
  if (applied === null) return [group, 'nothing yet', '-', error ?? '-'];
  return [group, `position ${applied}`, lag === 0 ? 'in step' : `${lag} behind`, error ?? '-'];
}
