/** `muster rollback …` */
import type { Command } from 'commander';
import type { GroupName, ProjectId, ProjectVersion } from '../../../schemas/ids.ts';
import { carryOut } from '../carry-out.ts';
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
        group: group as GroupName,
        project: project as ProjectId,
        ...(options.to === undefined ? {} : { version: options.to as ProjectVersion }),
        ...rolloutPart(command, options),
      };
      await carryOut(command, { type: 'deployment.rollback', payload, options });
    });
}
