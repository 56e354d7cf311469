/** `muster group …` */
import type { Command } from 'commander';
import type { CommandPayload } from '../../../schemas/commands.ts';
import type { GroupName } from '../../../schemas/ids.ts';
import type { GroupView } from '../../../schemas/views.ts';
import { type ChangeOptions, addChangeOptions, duration } from '../change-options.ts';
import type { Paint } from '../paint.ts';
import { addAtOption, showAsked } from '../history.ts';
import { withMuster } from '../session.ts';
import { renderFields, renderTable } from '../table.ts';

interface PolicyOptions {
  readonly drainTimeout?: number;
}
interface SetServersOptions extends ChangeOptions {
  readonly add?: string[];
  readonly remove?: string[];
}

export function addGroup(program: Command): void {
  const group = program
    .command('group')
    .summary('server groups')
    .description('Server groups: named sets of servers that carry the same projects.');
  addAtOption(group.command('list').description('all groups')).action((_options, command) =>
    showAsked(command, { name: 'groups', ask: {}, people: groupTable }),
  );
  addAtOption(
    group.command('get <group>').description('one group: its servers, its deployments and how far they are'),
  ).action((name: string, _options, command) =>
    showAsked(command, { name: 'group', ask: { group: name as GroupName }, people: groupPage }),
  );
  addChangeOptions(group.command('create <group>').description('a new, empty group'))
    .option('--drain-timeout <duration>', 'how long a leaving server may finish requests', duration)
    .action((name: string, options: ChangeOptions & PolicyOptions, command) =>
      send(command, { type: 'group.create', payload: { group: name as GroupName, ...policyOf(options) }, options }),
    );
  addChangeOptions(group.command('configure <group>').description("change a group's policy"))
    .requiredOption('--drain-timeout <duration>', 'how long a leaving server may finish requests', duration)
    .action((name: string, options: ChangeOptions & PolicyOptions, command) =>
      send(command, {
        type: 'group.configure',
        payload: { group: name as GroupName, policy: policyOf(options).policy ?? {} },
        options,
      }),
    );
  addChangeOptions(
    group.command('delete <group>').description('delete a group without servers and deployments'),
  ).action((name: string, options: ChangeOptions, command) =>
    send(command, { type: 'group.delete', payload: { group: name as GroupName }, options }),
  );
  addChangeOptions(
    group
      .command('set-servers <group> [servers...]')
      .description("make these the group's servers, or add and remove some"),
  )
    .option('--add <servers...>', 'servers to add')
    .option('--remove <servers...>', 'servers to take away')
    .action((name: string, servers: string[], options: SetServersOptions, command) =>
      setServers(command, { name, servers, options }),
    );
}

async function send<T extends 'group.create' | 'group.configure' | 'group.delete'>(
  command: Command,
  asked: { readonly type: T; readonly payload: CommandPayload<T>; readonly options: ChangeOptions },
): Promise<void> {
  const { change } = await import('../change.ts');
  await withMuster(command, (session) => change(session, asked));
}

function policyOf({ drainTimeout }: PolicyOptions): { policy?: { drainTimeoutMs: number } } {
  return drainTimeout === undefined ? {} : { policy: { drainTimeoutMs: drainTimeout } };
}

interface SetServersAsked {
  readonly name: string;
  readonly servers: string[];
  readonly options: SetServersOptions;
}

async function setServers(command: Command, { name, servers, options }: SetServersAsked): Promise<void> {
  const { add, remove } = options;
  const changes = add !== undefined || remove !== undefined;
  // Nothing named must never mean "empty the group".
  if (changes === servers.length > 0)
    command.error('error: name either the servers, or --add and --remove', { exitCode: 2 });
  const { sendOptions, settle } = await import('../change.ts');
  await withMuster(command, async (session) => {
    const wanted = changes
      ? { ...(add === undefined ? {} : { add }), ...(remove === undefined ? {} : { remove }) }
      : { servers };
    const { outcomes, planned } = await session.muster.setServers(
      { group: name, ...wanted },
      sendOptions(session, options),
    );
    if (outcomes.length < planned)
      session.output.step(`part ${outcomes.length} of ${planned} was refused; those before it stand`);
    const last = outcomes.at(-1);
    if (last !== undefined) return settle(session, last, options);
    await session.output.data({ status: 'unchanged' }, () => 'unchanged: the group has exactly these servers');
    return 0;
  });
}

function groupTable(groups: readonly GroupView[], paint: Paint): string {
  const columns = ['group', 'servers', 'ready', 'projects', 'status'];
  const rows = groups.map((group) => [
    group.name,
    String(group.servers.length),
    String(group.servers.filter(({ status }) => status === 'ready').length),
    String(group.deployments.length),
    statusWord(group),
  ]);
  return renderTable({ columns, rows, empty: 'no groups; next: muster group create NAME' }, paint);
}

/** One word for how a group stands: what is worst in it. */
function statusWord({ status, servers }: GroupView): string {
  if (status === null) return servers.length === 0 ? 'empty' : 'unknown';
  if (status.counts.failed > 0) return 'failed';
  const behind = Math.min(status.servers, status.pool, status.balancers) < status.desired;
  if (behind || status.counts.syncing > 0) return 'syncing';
  if (status.counts.draining > 0) return 'draining';
  return servers.length === 0 ? 'empty' : 'in traffic';
}

function groupPage(group: GroupView, paint: Paint): string {
  const { status } = group;
  const fields: [string, string][] = [
    ['group', group.name],
    ['status', statusWord(group)],
    ['drain timeout', `${group.policy.drainTimeoutMs} ms`],
    ['changed at', `position ${group.changedAt}`],
  ];
  if (status !== null)
    fields.push(['reached', `servers ${status.servers} · pool ${status.pool} · balancers ${status.balancers}`]);
  const servers = renderTable(
    {
      columns: ['server', 'status'],
      rows: group.servers.map(({ server, status: word }) => [server, word]),
      empty: 'no servers',
    },
    paint,
  );
  const rows = group.deployments.map(({ project, version, holding, servers: of }) => [
    project,
    version,
    `${holding} of ${of}`,
  ]);
  const deployments = renderTable({ columns: ['project', 'version', 'held by'], rows, empty: 'no deployments' }, paint);
  const laggards = (status?.laggards ?? []).map(({ what, reason }) => `${paint.yellow(what)}: ${reason}`);
  return [
    renderFields(fields, paint),
    servers,
    deployments,
    ...(laggards.length === 0 ? [] : [laggards.join('\n')]),
  ].join('\n\n');
}
