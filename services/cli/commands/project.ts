/** `muster project …` */
import type { Command } from 'commander';
import type { ProjectView } from '../../../schemas/views.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions } from '../change-options.ts';
import { ageText } from '../../../src/std/durations.ts';
import { addAtOption, showAsked } from '../history.ts';
import type { Paint } from '../paint.ts';
import { splitVersion } from '../project-version.ts';
import { withMuster } from '../session.ts';
import { renderTable } from '../table.ts';

export function addProject(program: Command): void {
  const project = program
    .command('project')
    .summary('API projects and their versions')
    .description('API projects: each has versions, which never change.');
  addAtOption(project.command('list').description('all projects and versions, and where they run')).action(
    (_options, command) => showAsked(command, { name: 'projects', ask: {}, people: projectTable }),
  );
  addChangeOptions(
    project.command('publish <folder>').description('pack a folder with project.yaml and publish it as a version'),
  )
    .requiredOption('--version <version>', 'the version it shall have')
    .action((folder: string, options: ChangeOptions & { version: string }, command) =>
      publish(command, folder, options),
    );
  for (const verb of ['deprecate', 'retire'] as const) {
    addChangeOptions(
      project
        .command(`${verb} <project[@version]>`)
        .description(
          verb === 'retire'
            ? 'take a version or a whole project out of use for good'
            : 'warn whoever deploys it from now on',
        ),
    ).action(async (text: string, options: ChangeOptions, command) => {
      const { project: id, version } = splitVersion(text);
      const payload = {
        project: id,
        ...(version === undefined ? {} : { version }),
      };
      await carryOut(command, { type: `project.${verb}`, payload, options });
    });
  }
}

async function publish(command: Command, folder: string, options: ChangeOptions & { version: string }): Promise<void> {
  if (options.whatIf === true) {
    const { packFolder } = await import('../../../src/bundles/pack.ts');
    const { project, digest, bytes } = await packFolder(folder);
    const payload = { project: project.name, version: options.version, digest, bytes: bytes.length };
    return carryOut(command, { type: 'project.publish', payload, options });
  }
  const { sendOptions, settle } = await import('../change.ts');
  await withMuster(command, async (session) => {
    const { output, muster } = session;
    const published = await muster.publishProject(folder, options.version, sendOptions(session, options));
    const { project, version, digest, bytes, upload, outcome } = published;
    output.step(`${output.paint.dim('packed')}   ${project}@${version}, ${bytes} bytes, digest ${digest.slice(0, 12)}`);
    output.step(
      `${output.paint.dim('uploaded')} ${upload === 'stored' ? 'once' : 'nothing: the fleet has these bytes already'}`,
    );
    return settle(session, outcome, options);
  });
}

function projectTable(projects: readonly ProjectView[], paint: Paint): string {
  const columns = ['project', 'version', 'status', 'groups', 'bytes', 'digest', 'published', 'by'];
  const rows = projects.flatMap(({ project, status, versions }) =>
    versions.map((version) => [
      project,
      version.version,
      status === 'active' ? version.status : status,
      version.groups.join(', ') || '-',
      String(version.bytes),
      version.digest.slice(0, 12),
      `${ageText(Date.now() - version.publishedAt)} ago`,
      version.publishedBy,
    ]),
  );
  return renderTable(
    { columns, rows, empty: 'no projects; next: muster project publish FOLDER --version 1.0.0' },
    paint,
  );
}
