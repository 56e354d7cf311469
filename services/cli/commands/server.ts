/** `muster server …` */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { GroupName, ServerId } from '../../../schemas/ids.ts';
import type { ServerStatus } from '../../../schemas/group-status.ts';
import type { ServerView } from '../../../schemas/views.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { ageText } from '../durations.ts';
import type { Paint } from '../paint.ts';
import { addAtOption, showAsked } from '../history.ts';
import { withMuster } from '../session.ts';
import { renderFields, renderTable } from '../table.ts';

export function addServer(program: Command): void {
  const server = program
    .command('server')
    .summary('gateway servers')
    .description('Gateway servers: each in one group, or available.');
  addAtOption(server.command('list').description('all servers, with what they do and what happens next'))
    .option('--group <group>', 'only those of one group')
    .addOption(
      new Option('--status <status>', 'only those with this status').choices([
        'available',
        'syncing',
        'failed',
        'ready',
        'draining',
      ]),
    )
    .action((options: { group?: string; status?: string }, command) => list(command, options));
  addAtOption(
    server.command('get <server>').description('one server: what it should hold, what it holds, and why'),
  ).action((id: string, _options, command) =>
    showAsked(command, { name: 'server', ask: { server: id as ServerId }, people: serverPage }),
  );
  addChangeOptions(server.command('join <server> <group>').description('add an available server to a group')).action(
    async (id: string, group: string, options: ChangeOptions, command) => {
      const { change } = await import('../change.ts');
      const payload = { server: id as ServerId, group: group as GroupName };
      await withMuster(command, (session) => change(session, { type: 'server.join', payload, options }));
    },
  );
  addChangeOptions(
    server.command('move <server> <group>').description('drain a server and join it to another group'),
  ).action(async (id: string, group: string, options: ChangeOptions, command) => {
    const { change } = await import('../change.ts');
    const payload = { server: id as ServerId, group: group as GroupName };
    await withMuster(command, (session) => change(session, { type: 'server.move', payload, options }));
  });
  addChangeOptions(server.command('leave <server>').description('drain a server and make it available')).action(
    async (id: string, options: ChangeOptions, command) => {
      const { change } = await import('../change.ts');
      await withMuster(command, (session) =>
        change(session, { type: 'server.leave', payload: { server: id as ServerId }, options }),
      );
    },
  );
  addChangeOptions(server.command('retire <server>').description('drain a server and take it out of the fleet')).action(
    async (id: string, options: ChangeOptions, command) => {
      const { change } = await import('../change.ts');
      await withMuster(command, (session) =>
        change(session, { type: 'server.retire', payload: { server: id as ServerId }, options }),
      );
    },
  );
}

async function list(command: Command, { group, status }: { group?: string; status?: string }): Promise<void> {
  const ask = {
    ...(group === undefined ? {} : { group: group as GroupName }),
    ...(status === undefined ? {} : { status: status as ServerStatus }),
  };
  await showAsked(command, { name: 'servers', ask, people: serverTable });
}

function serverTable(servers: readonly ServerView[], paint: Paint): string {
  const columns = ['server', 'group', 'status', 'since', 'address', 'projects', 'seen', 'next'];
  const rows = servers.map((server) => [
    server.server,
    server.group ?? '-',
    server.status,
    ageText(Date.now() - server.sinceAt),
    `${server.address.host}:${server.address.port}`,
    String(server.desired.length),
    server.seenAt === null ? '-' : ageText(Date.now() - server.seenAt),
    server.next === '' ? '-' : server.next,
  ]);
  return renderTable(
    { columns, rows, empty: 'no servers; next: muster gateway run --name NAME --listen 127.0.0.1:0' },
    paint,
  );
}

function serverPage(server: ServerView, paint: Paint): string {
  const fields: [string, string][] = [
    ['server', server.server],
    ['status', `${server.status} for ${ageText(Date.now() - server.sinceAt)} (position ${server.since})`],
    ['group', server.group ?? '-'],
    ['address', `${server.address.host}:${server.address.port}`],
    ['weight', String(server.weight)],
    [
      'labels',
      Object.entries(server.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || '-',
    ],
    ['agent', server.agent ?? '-'],
    ['in flight', server.inFlight === null ? '-' : String(server.inFlight)],
    ['last heard', server.seenAt === null ? 'not yet' : `${ageText(Date.now() - server.seenAt)} ago`],
    ['receipt', server.receipt === null ? 'none yet' : `position ${server.receipt}`],
    ['next', server.next === '' ? '-' : server.next],
  ];
  const rows = server.desired.map(({ project, version, digest }) => [project, version, digest.slice(0, 12)]);
  const desired = renderTable(
    { columns: ['shall hold', 'version', 'digest'], rows, empty: 'shall hold nothing' },
    paint,
  );
  const failures = server.failures.map(
    ({ project, version, text }) => `${paint.red(`${project}@${version}`)}: ${text}`,
  );
  return [renderFields(fields, paint), desired, ...(failures.length === 0 ? [] : [failures.join('\n')])].join('\n\n');
}
