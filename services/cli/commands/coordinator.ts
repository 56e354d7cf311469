/** `muster coordinator …` */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ReplicaBeat } from '../../../schemas/coordinators.ts';
import { position } from '../change-options.ts';
import { durabilityWords } from '../durability-words.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Paint } from '../paint.ts';
import { type Session, showQuery, withMuster } from '../session.ts';
import { renderFields, renderTable } from '../table.ts';
import { natsAccessOf } from '../nats-access.ts';
import { serve } from '../serve.ts';
import { addMending } from './coordinator-mending.ts';

interface RunOptions {
  readonly data: string;
  readonly replicas: number;
  readonly natsMonitor: readonly string[];
  readonly fleets?: readonly string[];
  readonly allowNotDurable?: boolean;
  readonly key?: string;
  readonly previousKey?: string;
}

export function addCoordinator(program: Command): void {
  const coordinator = program
    .command('coordinator')
    .summary('run a coordinator, or ask the one that runs')
    .description('Coordinators: one leads, the others stand by.');
  coordinator
    .command('run')
    .description('run a coordinator in the foreground, until Ctrl-C')
    .option(
      '--data <folder>',
      'where it keeps the highest position it has seen, and its key, outside NATS',
      join('.muster', 'data', 'coordinator'),
    )
    .option('--replicas <count>', 'copies of every stream: 1 on one NATS server, 3 on a cluster', position, 1)
    .option('--fleets <names>', 'serve these fleets, joined by commas (default: that of --fleet)', names)
    .option(
      '--nats-monitor <urls>',
      'monitoring addresses of every NATS server, joined by commas, to check that each syncs every write',
      names,
      [],
    )
    .option('--key <private.pem>', 'what it signs the log with; the same for every coordinator (default: in --data)')
    .option('--previous-key <private.pem>', 'the key that signed until now, once, to go over to another --key')
    .option('--allow-not-durable', 'run though the NATS server may lose acknowledged writes in a power cut')
    .action((options: RunOptions, command: Command) => run(command, options));
  coordinator
    .command('list')
    .description('the coordinators that live: who leads, who stands by, how far each has read the log')
    .action((_options, command: Command) => withMuster(command, list));
  addMending(coordinator);
  coordinator
    .command('get')
    .description('the coordinator that answers: its role and how durable the log is')
    .action((_options, command: Command) =>
      withMuster(command, async (session) => showQuery(session, await session.muster.query('coordinator', {}), page)),
    );
}

async function list({ muster, output, signal }: Session): Promise<ExitCode> {
  const heard = await muster.coordinators({ signal });
  await output.data(heard, (paint) => {
    const columns = ['INSTANCE', 'ROLE', 'TERM', 'POSITION', 'LEADS', 'DURABILITY'];
    const rows = heard.map((beat) => [
      beat.instance,
      beat.role,
      String(beat.term),
      String(beat.position),
      String(beat.leads),
      durabilityWords[beat.durability],
    ]);
    return renderTable({ columns, rows, empty: 'no coordinator is heard; next: muster coordinator run' }, paint);
  });
  return heard.some(({ role }) => role === 'leader') ? exitCodes.done : exitCodes.unreachable;
}

async function run(
  command: Command,
  { data, replicas, natsMonitor, fleets, allowNotDurable = false, key, previousKey }: RunOptions,
): Promise<void> {
  await serve(command, async ({ global, natsUrl }) => {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const { CoordinatorRunOptions, runCoordinator } = await import('../../coordinator/run.ts');
    const { checkOptions } = await import('../parse-options.ts');
    return runCoordinator(
      checkOptions(CoordinatorRunOptions, {
        natsUrl,
        natsAccess: natsAccessOf(process.env),
        fleets: fleets ?? [global.fleet],
        dataDirectory: resolve(data),
        replicas,
        allowNotDurable,
        ...(key === undefined ? {} : { keyFile: resolve(key) }),
        ...(previousKey === undefined ? {} : { previousKeyFile: resolve(previousKey) }),
        natsMonitorUrls: natsMonitor,
      }),
    );
  });
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function page(
  view: {
    instance: string;
    role: string;
    durability: ReplicaBeat['durability'];
    troubles: readonly string[];
    servers: number;
    groups: number;
  },
  paint: Paint,
): string {
  const { instance, role, durability, troubles, servers, groups } = view;
  return renderFields(
    [
      ['instance', instance],
      ['role', role],
      ['durability', durabilityWords[durability]],
      ['servers', String(servers)],
      ['groups', String(groups)],
      ...troubles.map((trouble): [string, string] => ['trouble', trouble]),
    ],
    paint,
  );
}
