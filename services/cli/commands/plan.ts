/** `muster plan` and `muster apply` */
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import type { FleetPlan } from '../../../src/fleet-file/plan.ts';
import { type DeclaredFleet, plannedAt, recheck, tokenOf } from '../../../src/changes/plan-token.ts';
import { readFleetFile } from '../fleet-file.ts';
import { type ChangeOptions, addRolloutTimeout, addWaitOptions } from '../change-options.ts';
import { type History, withHistory } from '../history.ts';
import { complaintOfThrown, createOutput } from '../output.ts';
import { planPage } from '../plan-page.ts';
import { globalOptions, withMuster } from '../session.ts';
import { askingPrincipal } from '../what-if.ts';

interface PlanOptions {
  readonly file: string;
  readonly prune?: boolean;
}

export function addPlan(program: Command): void {
  addFileOptions(
    program
      .command('plan')
      .summary('what a fleet file would change, before it does')
      .description('What it takes to make the fleet what a file declares, and what would follow. Nothing is sent.'),
  ).action((options: PlanOptions, command: Command) => plan(command, options));
}

export function addApply(program: Command): void {
  addRolloutTimeout(
    addFileOptions(
      addWaitOptions(
        program
          .command('apply')
          .summary('carry a plan out')
          .description(
            'Carry out what `muster plan` has shown, change by change. ' +
              'Exit code 6 when anything the plan has looked at has changed since.',
          ),
      ),
    ),
  )
    .requiredOption('--plan <plan>', 'as `muster plan` prints it: the position it was made at, and what it was made of')
    .action((options: ApplyOptions, command: Command) => apply(command, options));
}

function addFileOptions(command: Command): Command {
  return command
    .requiredOption('-f, --file <file>', 'the fleet file, in YAML or JSON')
    .option('--prune', 'take away what is there and not in the file; without it, that is kept and said');
}

async function plan(command: Command, { file, prune = false }: PlanOptions): Promise<void> {
  await withDeclared(command, file, async (history, declared) => {
    const { planOf } = await import('../../../src/fleet-file/plan.ts');
    const { forecast } = await import('../../../src/forecast/forecast.ts');
    const { stateNow } = await import('../../../src/audit/as-of.ts');
    const { state } = await stateNow(asked(history));
    const made = planOf(state, { ...declared, prune });
    const commands = made.changes.map((change) => ({ type: change.command.type, body: change.command.payload }));
    const told = forecast(state, { commands, principal: askingPrincipal(command), now: Date.now() });
    const words = ['muster apply -f', quoted(file), ...(prune ? ['--prune'] : []), '--plan'];
    const next = `${words.join(' ')} ${tokenOf(made.position, declared, prune)}`;
    await history.output.data({ ...made, forecast: told, apply: made.changes.length === 0 ? null : next }, (paint) =>
      planPage({ plan: made, forecast: told, next }, paint),
    );
    return told.decisions.some(({ status }) => status === 'rejected') ? exitCodes.rejected : exitCodes.done;
  });
}

interface ApplyOptions extends PlanOptions, ChangeOptions {
  readonly plan: string;
}

async function apply(command: Command, options: ApplyOptions): Promise<void> {
  const { file, prune = false, plan: token } = options;
  const position = plannedAt(token);
  if (position === undefined)
    command.error('error: --plan takes what `muster plan` has printed, such as 1200-0a1b2c3d4e5f', { exitCode: 2 });
  let made: FleetPlan | undefined;
  await withDeclared(command, file, async (history, declared) => {
    const { stateAt, stateNow } = await import('../../../src/audit/as-of.ts');
    const { state: planned } = await stateAt(asked(history), { position });
    const { state: now } = await stateNow(asked(history));
    const checked = recheck({ declared, prune, token, planned, now });
    if (checked.status === 'changed') {
      history.output.complain({ code: 'conflict', message: checked.message, next: `muster plan -f ${quoted(file)}` });
      return exitCodes.conflict;
    }
    made = checked.plan;
    return exitCodes.done;
  });
  if (made === undefined) return;
  const plan = made;
  const { applyPlan } = await import('../apply.ts');
  await withMuster(command, (session) => applyPlan(session, { plan, token, options }));
}

function asked({ source, live, progress, signal }: History) {
  return { source, progress, signal, ...(live === undefined ? {} : { live }) };
}

/** The file first: what is wrong with it is said without a fleet. */
async function withDeclared(
  command: Command,
  file: string,
  work: (history: History, declared: DeclaredFleet) => Promise<(typeof exitCodes)[keyof typeof exitCodes]>,
): Promise<void> {
  let declared: DeclaredFleet;
  try {
    declared = await readFleetFile(file);
  } catch (caught) {
    const { complaint, exitCode } = complaintOfThrown(caught, '');
    createOutput(globalOptions(command)).complain(complaint);
    process.exitCode = exitCode;
    return;
  }
  await withHistory(command, undefined, (history) => work(history, declared));
}

function quoted(file: string): string {
  return /^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
