/** `muster group …` */
import type { Command } from 'commander';
import type { CommandPayloadInput } from '../../../schemas/commands.ts';
import type { GroupName } from '../../../schemas/ids.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { groupPage, groupTable } from '../group-page.ts';
import { addAtOption, showAsked } from '../history.ts';
import { type PolicyOptions, addPolicyOptions, policyOf } from '../policy-options.ts';
import { withMuster } from '../session.ts';

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
  addPolicyOptions(addChangeOptions(group.command('create <group>').description('a new, empty group'))).action(
    (name: string, options: ChangeOptions & PolicyOptions, command) => {
      const policy = policyOf(command, options);
      const payload = { group: name, ...(Object.keys(policy).length === 0 ? {} : { policy }) };
      return send(command, { type: 'group.create', payload, options });
    },
  );
  addPolicyOptions(
    addChangeOptions(
      group.command('configure <group>').description("change a group's policy; what is not given stays"),
    ),
  ).action((name: string, options: ChangeOptions & PolicyOptions, command) => {
    const policy = policyOf(command, options);
    if (Object.keys(policy).length === 0)
      command.error('error: name what to change, such as --drain-timeout 60s (see --help)', { exitCode: 2 });
    return send(command, { type: 'group.configure', payload: { group: name, policy }, options });
  });
  addChangeOptions(
    group.command('delete <group>').description('delete a group without servers and deployments'),
  ).action((name: string, options: ChangeOptions, command) =>
    send(command, { type: 'group.delete', payload: { group: name }, options }),
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
  asked: { readonly type: T; readonly payload: CommandPayloadInput<T>; readonly options: ChangeOptions },
): Promise<void> {
  await carryOut(command, asked);
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
  if (options.whatIf === true) {
    const payload = { group: name, ...(changes ? { add, remove } : { servers }) };
    return carryOut(command, { type: 'group.set-servers', payload, options });
  }
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
