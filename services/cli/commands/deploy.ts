/** `muster deploy` and `muster undeploy` */
import type { Command } from 'commander';
import type { GroupName, ProjectId, ProjectVersion } from '../../../schemas/ids.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { splitVersion } from '../project-version.ts';
import { withMuster } from '../session.ts';

export function addDeploy(program: Command): void {
  const deploy = program.command('deploy <project@version> <group>').summary('run a project version on a group');
  addChangeOptions(deploy.description('Run a project version on every server of a group.')).action(
    async (text: string, group: string, options: ChangeOptions, command: Command) => {
      const { project, version } = splitVersion(text);
      if (!version)
        command.error(`error: name the version: ${project}@1.0.0 (see: muster project list)`, { exitCode: 2 });
      const payload = { group: group as GroupName, project: project as ProjectId, version: version as ProjectVersion };
      const { change } = await import('../change.ts');
      await withMuster(command, (session) => change(session, { type: 'deployment.request', payload, options }));
    },
  );
}

export function addUndeploy(program: Command): void {
  const undeploy = program.command('undeploy <project> <group>').summary('take a project off a group');
  addChangeOptions(undeploy.description('Take a project off every server of a group.')).action(
    async (project: string, group: string, options: ChangeOptions, command: Command) => {
      const payload = { group: group as GroupName, project: splitVersion(project).project as ProjectId };
      const { change } = await import('../change.ts');
      await withMuster(command, (session) => change(session, { type: 'deployment.withdraw', payload, options }));
    },
  );
}
