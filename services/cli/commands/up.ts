/** `muster up` */
import type { Command } from 'commander';
import { globalOptions } from '../session.ts';

export function addUp(program: Command): void {
  program
    .command('up')
    .summary('start a whole fleet on this machine')
    .description(
      'Starts nats-server (unless NATS_URL or --nats names one), a coordinator, the dashboard, two gateways and HAProxy with its sync; ' +
        'a new fleet gets two sample projects. ' +
        'Everything is kept in ./.muster and only loopback is listened on, without authentication. Ctrl-C stops it all.',
    )
    .action(async (_options, command: Command) => {
      const { up } = await import('../up/up.ts');
      await up(globalOptions(command));
    });
}
