/** `muster rollback …` */
import type { Command } from 'commander';
import type { Instant } from '../../../src/audit/as-of.ts';
import type { GroupName } from '../../../schemas/ids.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addRolloutTimeout, addWaitOptions } from '../change-options.ts';
import { instant } from '../instant.ts';
import { type DeployOptions, addDeployOptions, rolloutPart } from './deploy.ts';

export function addRollback(program: Command): void {
  const rollback = program
    .command('rollback')
    .summary('back to what a group ran before')
    .description('Back to what a group ran before, as a rollout of its own.');
  addDeployOptions(
    rollback
      .command('deployment <project> <group>')
      .description('back to a version the group has succeeded with; without --to, the last one before the present'),
  )
    .option('--to <version>', 'the version to go back to (see: muster rollout list --group GROUP)')
    .action(async (project: string, group: string, options: DeployOptions & { to?: string }, command: Command) => {
      const payload = {
        group,
        project,
        ...(options.to === undefined ? {} : { version: options.to }),
        ...rolloutPart(command, options),
      };
      await carryOut(command, { type: 'deployment.rollback', payload, options });
    });
  addRolloutTimeout(
    addWaitOptions(
      rollback
        .command('group <group>')
        .description(
          'back to what the group was at an earlier instant: members, versions, policy. Shows the plan; --plan with what\n' +
            'it printed carries just that out, --yes does both: change by change, versions as rollouts under their gates.',
        ),
    ),
  )
    .requiredOption('--to <position|time>', 'the instant: 1200, 2026-03-01T12:00:00Z, or 15m ago as 15m', instant)
    .option('--plan <plan>', 'carry out the plan that was shown under this name')
    .option('--yes', 'carry it out as soon as it is shown')
    .action(async (group: string, options: BackOptions, command: Command) => {
      const { rollBackGroup } = await import('../roll-back-group.ts');
      await rollBackGroup(command, { group: group as GroupName, ...options });
    });
}

export type BackOptions = ChangeOptions & {
  readonly to: Instant;
  readonly plan?: string;
  readonly yes?: boolean;
};
