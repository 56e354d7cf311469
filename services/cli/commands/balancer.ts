/** `muster balancer …` */
import type { Command } from 'commander';
import type { BalancerId } from '../../../schemas/ids.ts';
import type { BalancerView } from '../../../schemas/views.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { ageText } from '../durations.ts';
import type { Paint } from '../paint.ts';
import { showQuery, withMuster } from '../session.ts';
import { renderTable } from '../table.ts';

export function addBalancer(program: Command): void {
  const balancer = program.command('balancer').summary('load balancers').description('Load balancers: each spreads traffic over the pools of its groups.');
  balancer
    .command('list')
    .description('all balancers')
    .action((_options, command: Command) =>
      withMuster(command, async (session) => showQuery(session, await session.muster.query('balancers', {}), table)),
    );
  addChangeOptions(balancer.command('retire <balancer>').description('wait for this balancer no more')).action(
    async (id: string, options: ChangeOptions, command: Command) => {
      const { change } = await import('../change.ts');
      const payload = { balancer: id as BalancerId };
      await withMuster(command, (session) => change(session, { type: 'balancer.retire', payload, options }));
    },
  );
}

function table(balancers: readonly BalancerView[], paint: Paint): string {
  const columns = ['balancer', 'kind', 'groups', 'seen'];
  const rows = balancers.map(({ balancer, kind, groups, seenAt }) => [
    balancer,
    kind,
    groups === 'all' ? 'all' : groups.join(', '),
    seenAt === null ? 'not yet' : `${ageText(Date.now() - seenAt)} ago`,
  ]);
  return renderTable({ columns, rows, empty: 'no balancers; next: muster balancer run' }, paint);
}
