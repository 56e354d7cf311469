/** `muster pool …` */
import type { Command } from 'commander';
import type { GroupName } from '../../../schemas/ids.ts';
import type { PoolView } from '../../../schemas/views.ts';
import { ageText } from '../../../src/std/durations.ts';
import type { Paint } from '../paint.ts';
import { addAtOption, showAsked } from '../history.ts';
import { renderTable } from '../table.ts';

export function addPool(program: Command): void {
  const pool = program
    .command('pool')
    .summary('what balancers spread traffic over')
    .description("Pools: what balancers spread a group's traffic over.");
  addAtOption(
    pool.command('get <group>').description("the servers in a group's pool, and which balancers have proved it"),
  ).action((group: string, _options, command) =>
    showAsked(command, { name: 'pool', ask: { group: group as GroupName }, people: poolPage }),
  );
}

function poolPage({ group, position, servers, balancers }: PoolView, paint: Paint): string {
  const members = renderTable(
    {
      columns: ['server', 'address', 'weight', 'admin'],
      rows: servers.map(({ server, address, weight, admin }) => [
        server,
        `${address.host}:${address.port}`,
        String(weight),
        admin,
      ]),
      empty: 'the pool is empty: no server of the group is ready',
    },
    paint,
  );
  const proofs = renderTable(
    {
      columns: ['balancer', 'applied', 'listens', 'seen', 'error'],
      rows: balancers.map(({ balancer, applied, listen, seenAt, error }) => [
        balancer,
        applied === null ? 'not yet' : `position ${applied}`,
        listen ?? '-',
        seenAt === null ? '-' : ageText(Date.now() - seenAt),
        error ?? '-',
      ]),
      empty: 'no balancer spreads traffic over this group; next: muster balancer run',
    },
    paint,
  );
  return [`${paint.dim('pool of')} ${group} ${paint.dim(`at position ${position}`)}`, members, proofs].join('\n\n');
}
