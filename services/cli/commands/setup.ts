/** `muster setup` */
import type { Command } from 'commander';
import { globalOptions } from '../session.ts';

export function addSetup(program: Command): void {
  program
    .command('setup')
    .summary('find or install what npm cannot bring: nats-server and haproxy')
    .description("Finds nats-server and haproxy, or installs them with the system's package manager (apt or Homebrew).")
    .option('--check', 'install nothing, only say what is missing')
    .action(async (options: { check?: boolean }, command: Command) => {
      const { setup } = await import('../setup.ts');
      const { createOutput } = await import('../output.ts');
      process.exitCode = await setup(createOutput(globalOptions(command)), { install: options.check !== true });
    });
}
