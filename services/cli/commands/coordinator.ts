/** `muster coordinator …` */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { position } from '../change-options.ts';
import type { Paint } from '../paint.ts';
import { globalOptions, showQuery, withMuster } from '../session.ts';
import { renderFields } from '../table.ts';
import { natsUrlOf } from '../target.ts';

interface RunOptions {
  readonly data: string;
  readonly replicas: number;
  readonly natsMonitor?: string;
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
    .option('--nats-monitor <url>', "the NATS server's monitoring address, to check that it syncs each write")
    .option('--key <private.pem>', 'what it signs the log with; the same for every coordinator (default: in --data)')
    .option('--previous-key <private.pem>', 'the key that signed until now, once, to go over to another --key')
    .option('--allow-not-durable', 'run though the NATS server may lose acknowledged writes in a power cut')
    .action((options: RunOptions, command: Command) => run(command, options));
  coordinator
    .command('get')
    .description('the coordinator that answers: its role and how durable the log is')
    .action((_options, command: Command) =>
      withMuster(command, async (session) => showQuery(session, await session.muster.query('coordinator', {}), page)),
    );
}

async function run(
  command: Command,
  { data, replicas, natsMonitor, allowNotDurable = false, key, previousKey }: RunOptions,
): Promise<void> {
  const global = globalOptions(command);
  const natsUrl = natsUrlOf(global, { environment: process.env, folder: process.cwd() });
  const { runService } = await import('../run-service.ts');
  await runService({
    global,
    natsUrl,
    start: async () => {
      mkdirSync(data, { recursive: true, mode: 0o700 });
      const { CoordinatorRunOptions, runCoordinator } = await import('../../coordinator/run.ts');
      const { checkOptions } = await import('../parse-options.ts');
      return runCoordinator(
        checkOptions(CoordinatorRunOptions, {
          natsUrl,
          fleet: global.fleet,
          dataDirectory: resolve(data),
          replicas,
          allowNotDurable,
          ...(key === undefined ? {} : { keyFile: resolve(key) }),
          ...(previousKey === undefined ? {} : { previousKeyFile: resolve(previousKey) }),
          ...(natsMonitor === undefined ? {} : { natsMonitorUrl: natsMonitor }),
        }),
      );
    },
  });
}

function page(
  view: { instance: string; role: string; durability: string; servers: number; groups: number },
  paint: Paint,
): string {
  const { instance, role, durability, servers, groups } = view;
  return renderFields(
    [
      ['instance', instance],
      ['role', role],
      ['durability', durability],
      ['servers', String(servers)],
      ['groups', String(groups)],
    ],
    paint,
  );
}
