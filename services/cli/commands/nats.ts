/** `muster nats …` */
import type { Command } from 'commander';
import { z } from 'zod';
import { FleetId, Principal } from '../../../schemas/ids.ts';
import { exitCodes } from '../exit-codes.ts';
import { complaintOfThrown, createOutput } from '../output.ts';
import { globalOptions } from '../session.ts';

const Asked = z.strictObject({ fleet: FleetId, principals: z.array(Principal) });

export function addNats(program: Command): void {
  const nats = program
    .command('nats')
    .summary('what a NATS server must be told')
    .description('What a NATS server must be told, so that no gateway or balancer speaks as another.');
  nats
    .command('accounts <principal...>')
    .description(
      'the accounts block of a nats-server configuration: who may say and hear what\n' +
        'Name everybody beside the coordinators: srv_<server>, bal_<balancer>, dashboard, and people and services by name.\n' +
        'Passwords are taken from the environment of nats-server, in quotes there: NATS_PASSWORD_ALICE=\'"..."\'. What\n' +
        '`nats server passwd` prints may stand in their place. It is the block of one fleet.\n' +
        'Every process of Muster then takes NATS_USER and NATS_PASSWORD (or NATS_CREDS, NATS_NKEY, NATS_TOKEN) from its own.',
    )
    .action(async (names: string[], _options, command: Command) => show(command, names));
}

async function show(command: Command, names: readonly string[]): Promise<void> {
  const global = globalOptions(command);
  const output = createOutput(global);
  try {
    const { accountsOf, accountsText } = await import('../../../src/nats/accounts.ts');
    const { checkOptions } = await import('../parse-options.ts');
    const { fleet, principals } = Asked.parse(checkOptions(Asked, { fleet: global.fleet, principals: names }));
    const accounts = accountsOf(fleet, principals);
    await output.data(accounts, () => accountsText(accounts));
    process.exitCode = exitCodes.done;
  } catch (caught) {
    const { complaint, exitCode } = complaintOfThrown(caught, '');
    output.complain(complaint);
    process.exitCode = exitCode;
  }
}
