/** `muster deployment …` */
import type { Command } from 'commander';
import type { GroupName } from '../../../schemas/ids.ts';
import type { DeploymentView } from '../../../schemas/views.ts';
import { addAtOption, showAsked } from '../history.ts';
import type { Paint } from '../paint.ts';
import { renderTable } from '../table.ts';

export function addDeployment(program: Command): void {
  const deployment = program
    .command('deployment')
    .summary('which version of what runs on which group')
    .description('Deployments: which version of a project a group carries. Change them with deploy and undeploy.');
  addAtOption(deployment.command('list').description('all deployments, and how many servers hold each'))
    .option('--group <group>', 'only those of one group')
    .action(({ group }: { group?: string }, command: Command) => {
      const ask = group === undefined ? {} : { group: group as GroupName };
      return showAsked(command, { name: 'deployments', ask, people: deploymentTable });
    });
}

function deploymentTable(deployments: readonly DeploymentView[], paint: Paint): string {
  const columns = ['group', 'project', 'version', 'held by', 'since'];
  const rows = deployments.map(({ group, project, version, holding, servers, changedAt }) => [
    group,
    project,
    version,
    `${holding} of ${servers}`,
    `position ${changedAt}`,
  ]);
  return renderTable({ columns, rows, empty: 'no deployments; next: muster deploy PROJECT@VERSION GROUP' }, paint);
}
