/** `muster gateway …` */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { takeNatsAccess } from '../nats-access.ts';
import { serve } from '../serve.ts';

interface RunOptions {
  readonly name: string;
  readonly listen: string;
  readonly advertise?: string;
  readonly data?: string;
  readonly label?: string[];
  readonly exec?: string[];
  readonly inFlight?: string[];
  readonly healthUrl?: string;
}

export function addGateway(program: Command): void {
  const gateway = program.command('gateway').summary('run a gateway server').description('Gateway servers.');
  gateway
    .command('run')
    .description('run a gateway in the foreground: it registers, and gets everything its group runs once it joins one')
    .requiredOption('--name <name>', "the server's name in the fleet")
    .option('--listen <host:port>', 'where it takes requests; port 0: a free one', '127.0.0.1:0')
    .option('--advertise <host:port>', 'where balancers reach it, when that is elsewhere')
    .option('--data <folder>', 'its bundles and what it last applied (default: .muster/data/NAME)')
    .option('--label <name=value...>', 'labels, for people')
    .option(
      '--exec <command...>',
      'drive another gateway: this command gets the unpacked projects in the folder MUSTER_SET',
    )
    .option('--in-flight <command...>', 'with --exec: prints how many requests are in flight, so that drains end early')
    .option('--health-url <url>', 'with --exec: answers 2xx when the driven gateway works')
    .action((options: RunOptions, command: Command) => run(command, options));
}

async function run(command: Command, options: RunOptions): Promise<void> {
  await serve(command, async ({ global, natsUrl }) => {
    const { GatewayOptions, runGateway } = await import('../../gateway/run.ts');
    const { checkOptions } = await import('../parse-options.ts');
    const { name, listen, advertise, label, exec, inFlight, healthUrl } = options;
    const dataDirectory = resolve(options.data ?? join('.muster', 'data', name));
    const given = checkOptions(GatewayOptions, {
      name,
      fleet: global.fleet,
      listen,
      natsUrl,
      natsAccess: takeNatsAccess(process.env),
      dataDirectory,
      ...(advertise === undefined ? {} : { advertise }),
      ...(label === undefined ? {} : { labels: labelsOf(label) }),
      ...(exec === undefined ? {} : { driver: 'exec', command: exec }),
      ...(inFlight === undefined ? {} : { inFlightCommand: inFlight }),
      ...(healthUrl === undefined ? {} : { healthUrl }),
    });
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    return runGateway(given);
  });
}

function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
