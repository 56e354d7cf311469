/** A plan as people read it before they apply it. Pure. */
import type { Forecast } from '../../schemas/forecast.ts';
import type { FleetPlan, PlannedChange } from '../../src/fleet-file/plan.ts';
import { transitionLines } from './forecast-page.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';

interface PlanShown {
  readonly plan: FleetPlan;
  readonly forecast: Forecast;
  /** The command that carries it out. */
  readonly next: string;
}

export function planPage({ plan, forecast, next }: PlanShown, paint: Paint): string {
  const kept = plan.kept.map((what) => `${paint.dim('= keep')}  ${what}: not in the file (--prune takes it away)`);
  if (plan.changes.length === 0) return [...kept, 'nothing to change: the fleet is what the file declares'].join('\n');
  const changes = plan.changes.map((change, index) => changeLine(change, forecast.decisions[index], paint));
  const refused = forecast.decisions.filter(({ status }) => status === 'rejected').length;
  const end =
    refused === 0
      ? [`${paint.bold('to carry it out:')} ${next}`]
      : [paint.red(`${refused} of ${plan.changes.length} changes would be refused: change the file, or the fleet`)];
  return [
    `${plan.changes.length} changes, planned at position ${plan.position}:`,
    ...changes,
    ...kept,
    '',
    ...transitionLines(forecast, paint),
    '',
    ...end,
  ].join('\n');
}

function changeLine(
  { command, text }: PlannedChange,
  decision: Forecast['decisions'][number] | undefined,
  paint: Paint,
): string {
  const line = `${markOf(command.type)}  ${oneLine(text)}`;
  if (decision?.status !== 'rejected') return command.type.endsWith('withdraw') ? paint.yellow(line) : line;
  return `${paint.red(line)}\n   ${paint.red('refused')} (${decision.rejection.code}): ${oneLine(decision.rejection.message)}`;
}

function markOf(type: PlannedChange['command']['type']): string {
  if (type === 'group.create' || type === 'project.publish') return '+';
  return type === 'group.delete' || type === 'deployment.withdraw' ? '-' : '~';
}
