/** `muster deploy`, `muster release` and `muster undeploy` */
import type { Command } from 'commander';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions, addRolloutTimeout } from '../change-options.ts';
import { splitVersion } from '../project-version.ts';
import { type RolloutOptions, addRolloutOptions, rolloutOf } from '../rollout-options.ts';

export function addDeploy(program: Command): void {
  const deploy = program.command('deploy <project@version> <group>').summary('run a project version on a group');
  addDeployOptions(
    deploy.description(
      "Run a project version on every server of a group, in steps, watched, under the group's policy or what is said here. " +
        'Exit code: 0 in traffic, 3 failed or halted, 4 rolled back, 5 paused, 124 waited too long.',
    ),
  ).action(async (text: string, group: string, options: DeployOptions, command: Command) => {
    const payload = { group, ...versionOf(command, text), ...rolloutPart(command, options) };
    await carryOut(command, { type: 'deployment.request', payload, options });
  });
}

export function addRelease(program: Command): void {
  const release = program.command('release <group> <project@version...>').summary('deploy several projects as one');
  addDeployOptions(
    release.description(
      'Run several project versions on a group as one unit: rolled out in this order, rolled back together.',
    ),
  ).action(async (group: string, texts: string[], options: DeployOptions, command: Command) => {
    const projects = texts.map((text) => versionOf(command, text));
    const payload = { group, projects, ...rolloutPart(command, options) };
    await carryOut(command, { type: 'release.request', payload, options });
  });
}

export function addUndeploy(program: Command): void {
  const undeploy = program.command('undeploy <project> <group>').summary('take a project off a group');
  addChangeOptions(undeploy.description('Take a project off every server of a group.')).action(
    async (project: string, group: string, options: ChangeOptions, command: Command) => {
      const payload = { group, project: splitVersion(project).project };
      await carryOut(command, { type: 'deployment.withdraw', payload, options });
    },
  );
}

export type DeployOptions = ChangeOptions & RolloutOptions;

/** Those of whatever begins a rollout. */
export function addDeployOptions(command: Command): Command {
  return addRolloutOptions(addRolloutTimeout(addChangeOptions(command)));
}

export function rolloutPart(command: Command, options: RolloutOptions) {
  const rollout = rolloutOf(command, options);
  return rollout === undefined ? {} : { rollout };
}

function versionOf(command: Command, text: string): { project: string; version: string } {
  const { project, version } = splitVersion(text);
  if (!version)
    return command.error(`error: name the version: ${project}@1.0.0 (see: muster project list)`, { exitCode: 2 });
  return { project, version };
}
