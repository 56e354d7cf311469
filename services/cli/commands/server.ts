/** `muster server …` */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { GroupName, ServerId } from '../../../schemas/ids.ts';
import { type ServerStatus, serverStatuses } from '../../../schemas/group-status.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { addAtOption, showAsked } from '../history.ts';
import { serverPage, serverTable } from '../server-page.ts';

export function addServer(program: Command): void {
  const server = program
    .command('server')
    .summary('gateway servers')
    .description('Gateway servers: each in one group, or available.');
  addAtOption(server.command('list').description('all servers, with what they do and what happens next'))
    .option('--group <group>', 'only those of one group')
    .addOption(new Option('--status <status>', 'only those with this status').choices(serverStatuses))
    .action((options: { group?: string; status?: string }, command) => list(command, options));
  addAtOption(
    server.command('get <server>').description('one server: what it should hold, what it holds, and why'),
  ).action((id: string, _options, command) =>
    showAsked(command, { name: 'server', ask: { server: id as ServerId }, people: serverPage }),
  );
  addChangeOptions(server.command('join <server> <group>').description('add an available server to a group')).action(
    async (id: string, group: string, options: ChangeOptions, command) => {
      const payload = { server: id, group };
      await carryOut(command, { type: 'server.join', payload, options });
    },
  );
  addChangeOptions(
    server.command('move <server> <group>').description('drain a server and join it to another group'),
  ).action(async (id: string, group: string, options: ChangeOptions, command) => {
    const payload = { server: id, group };
    await carryOut(command, { type: 'server.move', payload, options });
  });
  for (const [verb, description] of Object.entries(descriptionByVerb) as [Verb, string][]) {
    addChangeOptions(server.command(`${verb} <server>`).description(description)).action(
      async (id: string, options: ChangeOptions, command) => {
        const payload = { server: id };
        await carryOut(command, { type: `server.${verb}`, payload, options });
      },
    );
  }
  addChangeOptions(
    server
      .command('replace <old> <new>')
      .description('join an available server first; once it is in traffic, drain the old one out of the group'),
  ).action(async (old: string, by: string, options: ChangeOptions, command) => {
    const payload = { server: old, by };
    await carryOut(command, { type: 'server.replace', payload, options });
  });
}

/** What is asked of one server and takes nothing more. */
type Verb = 'leave' | 'retire' | 'cordon' | 'drain' | 'uncordon' | 'retry';
const descriptionByVerb: { readonly [V in Verb]: string } = {
  leave: 'drain a server and make it available',
  retire: 'drain a server and take it out of the fleet',
  cordon: 'keep a server from entering the pool; if it is in, it stays',
  drain: 'take a server out of the pool and keep it out; it stays a member and goes on syncing',
  uncordon: 'undo cordon and drain: the server may enter the pool again',
  retry: 'let a failed server try everything again',
};

async function list(command: Command, { group, status }: { group?: string; status?: string }): Promise<void> {
  const ask = {
    ...(group === undefined ? {} : { group: group as GroupName }),
    ...(status === undefined ? {} : { status: status as ServerStatus }),
  };
  await showAsked(command, { name: 'servers', ask, people: serverTable });
}
