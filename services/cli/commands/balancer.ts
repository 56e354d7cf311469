/** `muster balancer …` */
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { balancerTable } from '../balancer-page.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions, position } from '../change-options.ts';
import { addAtOption, showAsked } from '../history.ts';
import { takeNatsAccess } from '../nats-access.ts';
import { serve } from '../serve.ts';

interface RunOptions {
  readonly kind: string;
  readonly name?: string;
  readonly data?: string;
  readonly group?: string[];
  readonly frontend: Readonly<Record<string, { host: string; port: number }>>;
  readonly host: string;
  readonly basePort: number;
  readonly program?: string;
  readonly command?: string;
  readonly commandTimeout: number;
  readonly xds: 'files' | 'rest';
  /** Commander's name for `--no-start`. */
  readonly start: boolean;
}

export function addBalancer(program: Command): void {
  const balancer = program
    .command('balancer')
    .summary('load balancers')
    .description('Load balancers: each spreads traffic over the pools of its groups.');
  addAtOption(
    balancer.command('list').description('all balancers, and how far each is behind the pools it serves'),
  ).action((_options, command: Command) => showAsked(command, { name: 'balancers', ask: {}, people: balancerTable }));
  addChangeOptions(balancer.command('retire <balancer>').description('wait for this balancer no more')).action(
    (balancer: string, options: ChangeOptions, command: Command) =>
      carryOut(command, { type: 'balancer.retire', payload: { balancer }, options }),
  );
  addRun(balancer);
}

function addRun(balancer: Command): void {
  balancer
    .command('run')
    .description('run a load balancer and keep it in step with the pools, until Ctrl-C')
    .addOption(
      new Option('--kind <kind>', 'which balancer it is')
        .choices(['haproxy', 'nginx', 'envoy', 'file'])
        .default('haproxy'),
    )
    .option('--name <name>', "the balancer's name in the fleet (default: its kind)")
    .option('--data <folder>', 'pools, configuration and sockets (default: .muster/data/NAME)')
    .option('--group <group...>', 'only these groups (default: all, with those still to be created)')
    .option(
      '--frontend <group=host:port>',
      "where a group's requests are taken; may be given more than once",
      frontend,
      {},
    )
    .option('--host <host>', 'where every other group is listened on', '127.0.0.1')
    .option('--base-port <port>', 'the first port tried for every other group', position, 8_080)
    .option('--program <path>', "the balancer's program (default: found on the PATH)")
    .option('--no-start', 'wait for the program somebody else starts on our file (HAProxy: and master socket)')
    .addOption(
      new Option('--xds <form>', 'with --kind envoy: in files it watches, or asked for over a socket of ours')
        .choices(['files', 'rest'])
        .default('files'),
    )
    .option('--command <command>', 'with --kind file: run after each change; exit code 0 says it is applied')
    .option('--command-timeout <seconds>', 'the longest the command may take', position, 30)
    .action((options: RunOptions, command: Command) => run(command, options));
}

async function run(runCommand: Command, options: RunOptions): Promise<void> {
  await serve(runCommand, async ({ global, natsUrl }) => {
    const { BalancerOptions, runBalancer } = await import('../../balancer/run.ts');
    const { checkOptions } = await import('../parse-options.ts');
    const { findProgram } = await import('../programs.ts');
    const { kind, name = kind, data, group, frontend: listen, host, basePort, command, commandTimeout } = options;
    const program = options.program ?? findProgram(kind);
    return runBalancer(
      checkOptions(BalancerOptions, {
        kind,
        name,
        natsUrl,
        natsAccess: takeNatsAccess(process.env),
        fleet: global.fleet,
        dataDirectory: resolve(data ?? join('.muster', 'data', name)),
        listen,
        host,
        basePort,
        startProcess: options.start,
        xds: options.xds,
        commandTimeoutMs: commandTimeout * 1_000,
        ...(program === undefined ? {} : { program }),
        ...(command === undefined ? {} : { command }),
        ...(group === undefined ? {} : { groups: group }),
      }),
    );
  });
}

function frontend(text: string, before: RunOptions['frontend']): RunOptions['frontend'] {
  const [, group = '', host = '', port = ''] = /^([^=]+)=(.+):(\d{1,5})$/.exec(text) ?? [];
  if (group === '') throw new InvalidArgumentError('Write GROUP=HOST:PORT, such as production=127.0.0.1:8080.');
  return { ...before, [group]: { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) } };
}
