/** `muster rollout …` */
import type { Command } from 'commander';
import { type GroupName, groupIdOf } from '../../../schemas/ids.ts';
import type { RolloutView } from '../../../schemas/views.ts';
import { carryOut } from '../carry-out.ts';
import { type ChangeOptions, addChangeOptions, addRolloutTimeout } from '../change-options.ts';
import { exitCodes } from '../exit-codes.ts';
import { addAtOption, showAsked } from '../history.ts';
import { rolloutTable, rolloutTree } from '../rollout-page.ts';
import { splitVersion } from '../project-version.ts';
import { type Session, withMuster } from '../session.ts';

export function addRollout(program: Command): void {
  const rollout = program
    .command('rollout')
    .summary('new versions on their way through groups')
    .description('Rollouts: how a deployment goes through a group, step by step. Begin one with deploy or release.');
  addAtOption(rollout.command('list').description('rollouts under way, then the newest that are over'))
    .option('--group <group>', 'only those of one group')
    .action(({ group }: { group?: string }, command: Command) => {
      const ask = group === undefined ? {} : { group: group as GroupName };
      return showAsked(command, { name: 'rollouts', ask, people: rolloutTable });
    });
  addRolloutTimeout(
    rollout
      .command('status <project> <group>')
      .description(
        'follow the newest rollout until it is over or needs a person. ' +
          'Exit code: 0 done, 3 failed or halted, 4 rolled back, 5 paused, 124 waited too long',
      ),
  )
    .option('--no-follow', 'as it is now, without waiting')
    .action((project: string, group: string, options: StatusOptions, command: Command) =>
      withMuster(command, (session) => status(session, { project, group, ...options })),
    );
  for (const [verb, description] of Object.entries(descriptionByVerb) as [Verb, string][]) {
    const added = addRolloutTimeout(
      addChangeOptions(rollout.command(`${verb} <project> <group>`).description(description)),
    );
    if (verb === 'promote') added.option('--all', 'skip everything that is left to wait for, not this step alone');
    added.action((project: string, group: string, options: ChangeOptions & { all?: boolean }, command: Command) =>
      speak(command, { verb, project, group, options }),
    );
  }
}

type Verb = 'pause' | 'resume' | 'promote' | 'abort' | 'retry';
const descriptionByVerb: { readonly [V in Verb]: string } = {
  pause: 'tell no more servers until it is resumed',
  resume: 'go on where it was paused',
  promote: 'wait for this step no longer, and go on with the next',
  abort: 'back to what the group last succeeded with; legal at any time',
  retry: 'let a halted one go on: what failed is tried again',
};

interface Spoken {
  readonly verb: Verb;
  readonly project: string;
  readonly group: string;
  readonly options: ChangeOptions & { readonly all?: boolean };
}

async function speak(command: Command, { verb, project, group, options }: Spoken): Promise<void> {
  const payload = {
    group,
    project: splitVersion(project).project,
    ...(options.all === undefined ? {} : { all: options.all }),
  };
  await carryOut(command, { type: `rollout.${verb}`, payload, options });
}

interface StatusOptions {
  readonly timeout: number;
  readonly follow: boolean;
}

interface StatusAsked extends StatusOptions {
  readonly project: string;
  readonly group: string;
}

async function status(session: Session, { project, group, timeout, follow }: StatusAsked) {
  const { muster, output } = session;
  const answer = await muster.query('rollouts', { group });
  if (answer.status === 'error') {
    output.complain({ code: answer.code, message: answer.message });
    return answer.code === 'unavailable' ? exitCodes.unreachable : exitCodes.rejected;
  }
  const { project: id } = splitVersion(project);
  // Those under way come first, then the newest that is over.
  const newest = answer.data.find(({ targets }) => targets.some((target) => target.project === id));
  if (newest === undefined) {
    const message = `group ${group} remembers no rollout of project ${id}`;
    output.complain({ code: 'unknown-rollout', message, next: `muster rollout list --group ${group}` });
    return exitCodes.rejected;
  }
  const { endOf, endOfView, watchRollout } = await import('../rollout-watch.ts');
  const show = (view: RolloutView) =>
    output.data(view, (paint) => rolloutTree(view, { paint, now: Date.now() }).join('\n'));
  if (!follow) {
    await show(newest);
    return endOfView(newest).exitCode;
  }
  const asked = { group: groupIdOf(group as GroupName), rollout: newest.rollout, from: answer.position + 1 };
  const outcome = await watchRollout(session, { ...asked, timeoutMs: timeout }, { isToldAfter: true });
  const { exitCode, complaint } = endOf(outcome, { ...asked, timeoutMs: timeout });
  if (outcome.status !== 'unknown' && outcome.rollout !== undefined) await show(outcome.rollout);
  if (complaint !== undefined) output.complain(complaint);
  return exitCode;
}
