/** `muster why …` */
import type { Command } from 'commander';
import type { GroupName, ProjectId, ServerId } from '../../../schemas/ids.ts';
import type { Instant } from '../../../src/audit/as-of.ts';
import type { Moment } from '../../../src/audit/replay.ts';
import type { WhyAsk } from '../../../src/audit/why.ts';
import type { Views } from '../../../src/audit/why-standing.ts';
import { position } from '../change-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { addAtOption, type History, withHistory } from '../history.ts';
import { splitVersion } from '../project-version.ts';
import { withCoordinator } from '../present.ts';

export function addWhy(program: Command): void {
  const why = program
    .command('why')
    .summary('why something is as it is, and what must happen')
    .description('The events that led to what is, newest first, and what must happen for it to change.');
  addAtOption(why.command('server <server>').description('why a server is in the pool, or is not')).action(
    (server: string, _options, command: Command) => show(command, { kind: 'server', server: server as ServerId }),
  );
  addAtOption(why.command('group <group>').description("why a group's changes are in traffic, or are not yet")).action(
    (group: string, _options, command: Command) => show(command, { kind: 'group', group: group as GroupName }),
  );
  addAtOption(
    why.command('deployment <project> <group>').description('why a project runs on a group as it does'),
  ).action((project: string, group: string, _options, command: Command) =>
    show(command, {
      kind: 'deployment',
      project: splitVersion(project).project as ProjectId,
      group: group as GroupName,
    }),
  );
  why
    .command('position')
    .description('why an event happened, and how what it was about stands now')
    .argument('<position>', 'its position in the log', position)
    .option('--file <export>', 'read an exported log instead of the fleet')
    .action((at: number, _options, command: Command) => show(command, { kind: 'position', position: at }));
}

async function show(command: Command, ask: WhyAsk): Promise<void> {
  const { at, file } = command.opts<{ at?: Instant; file?: string }>();
  await withHistory(command, file, async (history) => {
    const isPresent = at === undefined && history.live !== undefined;
    if (!isPresent) return answer(history, { ask, at, views: undefined });
    return withCoordinator(command, history, (muster) => {
      if (muster === undefined) return answer(history, { ask, at, views: undefined });
      const views =
        ({ position: atLeast }: Moment): Views =>
        (name, asked) =>
          muster.query(name, asked, { atLeast });
      return answer(history, { ask, at, views });
    });
  });
}

interface Answering {
  readonly ask: WhyAsk;
  readonly at: Instant | undefined;
  readonly views: ((moment: Moment) => Views) | undefined;
}

async function answer({ source, live, progress, signal, output }: History, { ask, at, views }: Answering) {
  const { why } = await import('../../../src/audit/why.ts');
  const { whyData, whyPage } = await import('../why-page.ts');
  const found = await why(
    {
      source,
      progress,
      signal,
      ...(live === undefined ? {} : { live }),
      ...(at === undefined ? {} : { at }),
      ...(views === undefined ? {} : { views }),
    },
    ask,
  );
  if (views === undefined) output.step(`as of position ${found.position}, ${new Date(found.at).toISOString()}`);
  await output.data(whyData(found), (paint) => whyPage(found, paint));
  return exitCodes.done;
}
