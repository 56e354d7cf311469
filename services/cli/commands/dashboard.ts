/** `muster dashboard …` */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { createOutput } from '../output.ts';
import { globalOptions } from '../session.ts';
import { natsAccessOf } from '../nats-access.ts';
import { serve } from '../serve.ts';
import { principalOf, surroundings, tokenOf } from '../target.ts';
import { packageVersion } from '../version.ts';

interface RunOptions {
  readonly listen: Listen;
  readonly access?: string;
  readonly data: string;
  readonly hostName?: string[];
}
interface Listen {
  readonly host: string;
  readonly port: number;
}

const listenDefault: Listen = { host: '127.0.0.1', port: 8_090 };

export function addDashboard(program: Command): void {
  const dashboard = program
    .command('dashboard')
    .summary('run the dashboard and the HTTP API')
    .description('The dashboard and the HTTP API. Any number of them may run; each follows the log by itself.');
  dashboard
    .command('run')
    .description('serve the dashboard and the HTTP API in the foreground, until Ctrl-C')
    .addOption(
      new Option('--listen <host:port>', 'where; port 0: a free one')
        .argParser(listen)
        .default(listenDefault, '127.0.0.1:8090'),
    )
    .option('--access <file>', 'who may ask: tokens and roles (default: everybody, on loopback alone)')
    .option('--host-name <name...>', 'further names of this machine that browsers use while no token is asked for')
    .option('--data <folder>', 'where exports of the log are prepared', join(tmpdir(), 'muster-dashboard'))
    .action((options: RunOptions, command: Command) => run(command, options));
  dashboard
    .command('token <name>')
    .description('make a token for somebody: printed once, its hash goes into the file for --access')
    .addOption(
      new Option('--role <role>', 'what they may').choices(['viewer', 'operator', 'admin']).default('operator'),
    )
    .action((name: string, { role }: { role: string }, command: Command) => token(command, name, role));
}

async function run(command: Command, { listen: at, access, data, hostName }: RunOptions): Promise<void> {
  await serve(command, async ({ global, natsUrl }) => {
    const { DashboardOptions, runDashboard } = await import('../../dashboard/run.ts');
    const { checkOptions } = await import('../parse-options.ts');
    const options = checkOptions(DashboardOptions, {
      natsUrl,
      natsAccess: natsAccessOf(process.env),
      fleet: global.fleet,
      ...at,
      dataDirectory: resolve(data),
      principal: principalOf(global, surroundings()),
      version: packageVersion(),
      ...(access === undefined ? {} : { accessFile: access }),
      ...(hostName === undefined ? {} : { hosts: hostName }),
    });
    const running = await runDashboard(options);
    createOutput(global).step(`the dashboard is at ${running.url}`);
    return running;
  });
}

async function token(command: Command, name: string, role: string): Promise<void> {
  const { createHash, randomBytes } = await import('node:crypto');
  const output = createOutput(globalOptions(command));
  if (tokenOf(name) !== name) {
    output.complain({ code: 'invalid', message: `"${name}" cannot stand in the log`, next: `use: ${tokenOf(name)}` });
    process.exitCode = exitCodes.usage;
    return;
  }
  const secret = randomBytes(32).toString('base64url');
  const entry = { name, role, sha256: createHash('sha256').update(secret).digest('hex') };
  await output.data({ token: secret, entry }, (paint) =>
    [
      `${paint.dim('token')}   ${secret}`,
      `${paint.dim('in --access FILE, under tokens:')}`,
      `  - { name: ${entry.name}, role: ${entry.role}, sha256: ${entry.sha256} }`,
    ].join('\n'),
  );
  process.exitCode = exitCodes.done;
}

function listen(text: string): Listen {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('Write host:port, such as 127.0.0.1:8090.');
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
