/** `muster replay` */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { AsOfOptions, Instant, Range } from '../../../src/audit/as-of.ts';
import type { Progress } from '../../../src/audit/progress.ts';
import type { ReplayedDecisions, ReplayedStep } from '../../../src/audit/replay-decisions.ts';
import type { TriedPolicy } from '../../../src/audit/try-policy.ts';
import { eventLine } from '../event-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { type History, withHistory } from '../history.ts';
import { instant } from '../instant.ts';
import { globalOptions } from '../session.ts';

interface ReplayOptions {
  readonly from?: Instant;
  readonly to?: Instant;
  readonly speed?: number;
  readonly policy?: string;
  readonly file?: string;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .summary('recorded history once more, decision by decision')
    .description(
      'Drives projections, server machines and the rollout planner over recorded history, event by event: what a leader\n' +
        'decided is decided again on what was recorded, and what followed from each event is shown. With --policy: which\n' +
        'rollouts would have stopped, failed or finished otherwise under a changed policy, and when; what would have\n' +
        'needed a reading that was not recorded is unknown. From the fleet, or from an export without any fleet.',
    )
    .option('--from <position|time>', 'begin there; what lies before is folded in silence', instant)
    .option('--to <position|time>', 'end there', instant)
    .option('--speed <times>', 'so many times as fast as it happened (10, 0.5); as fast as can be unless given', speed)
    .option(
      '--policy <changed.yaml>',
      'what to try, as a group’s policy: "rollout: {failuresAllowed: 1}", "leaseMs: 9000"; for some "groups: {Edge: {…}}"',
    )
    .option('--file <export>', 'an exported log instead of the fleet')
    .action((options: ReplayOptions, command: Command) => run(command, options));
}

async function run(command: Command, options: ReplayOptions): Promise<void> {
  await withHistory(command, options.file, async (history) => {
    const { source, live, progress, signal } = history;
    const from: AsOfOptions = { source, progress, signal, ...(live === undefined ? {} : { live }) };
    const { rangeOf } = await import('../../../src/audit/as-of.ts');
    const range = await rangeOf(from, options);
    if (options.policy === undefined) await showDecisions(command, { ...history, from, range }, options);
    else await showTried(history, { from, range, policy: await policyIn(options.policy) });
    return exitCodes.done;
  });
}

interface Shown extends History {
  readonly from: AsOfOptions;
  readonly range: Range;
}

async function showDecisions(command: Command, shown: Shown, { speed: times }: ReplayOptions): Promise<void> {
  const { replayDecisions } = await import('../../../src/audit/replay-decisions.ts');
  const { output, progress, signal } = shown;
  const format = globalOptions(command).output;
  let before: number | undefined;
  const onStep = async (step: ReplayedStep) => {
    const { at } = step.event;
    if (times !== undefined && before !== undefined) await asLong((at - before) / times, signal);
    before = at;
    process.stdout.write(await textOf(step, format));
  };
  const begins = shown.range.from ?? 1;
  // From there on the lines themselves show that it moves.
  const untilThen = (to: Progress) => void (to.position < begins && progress.onProgress(to));
  const asked = { ...shown.from, ...shown.range, progress: { ...progress, onProgress: untilThen } };
  output.step(summary(await replayDecisions({ ...asked, onStep })));
}

/** A timer that keeps the process alive: beside a file nothing else does. */
async function asLong(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, { signal });
}

async function textOf(step: ReplayedStep, format: string): Promise<string> {
  if (format === 'json') return `${JSON.stringify(step)}\n`;
  if (format === 'yaml') return `---\n${(await import('yaml')).stringify(step)}`;
  const { stepLines } = await import('../replay-text.ts');
  return `${[await eventLine(step.event), ...stepLines(step).map((line) => `        ${line}`)].join('\n')}\n`;
}

function summary({ events, agreed, differed, differing }: ReplayedDecisions): string {
  const all = `${events} events; ${agreed + differed} decisions of leaders made again, ${agreed} the same`;
  if (differed === 0) return all;
  const more = differed > differing.length ? ' and more' : '';
  return `${all}, ${differed} otherwise today: at ${differing.join(', ')}${more}`;
}

async function policyIn(path: string): Promise<TriedPolicy> {
  const { Failure } = await import('../../../src/std/failure.ts');
  const { TriedPolicy } = await import('../../../src/audit/try-policy.ts');
  let given: unknown;
  try {
    given = (await import('yaml')).parse(await readFile(path, 'utf8'));
  } catch (caught) {
    throw Failure.from(caught, { code: 'config-invalid', retryable: false, message: `reading ${path}` });
  }
  const parsed = TriedPolicy.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at "${issue.path.join('.')}"`;
  const message =
    `${path}${where}: ${issue?.message}; what can be tried is a group’s policy:\n` +
    '"rollout: {failuresAllowed: 1}" and "leaseMs: 9000" for all groups, "groups: {Edge: {…}}" for some';
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}

interface Trying {
  readonly from: AsOfOptions;
  readonly range: Range;
  readonly policy: TriedPolicy;
}

async function showTried({ output }: History, { from, range, policy }: Trying): Promise<void> {
  const { tryPolicy } = await import('../../../src/audit/try-policy.ts');
  const { triedPage } = await import('../replay-text.ts');
  const tried = await tryPolicy({ ...from, ...range, policy });
  await output.data(tried, (paint) => triedPage(tried, paint));
}

function speed(text: string): number {
  const times = Number(text);
  if (Number.isFinite(times) && times > 0) return times;
  throw new InvalidArgumentError('Write a number above 0: 10 is ten times as fast as it happened.');
}
