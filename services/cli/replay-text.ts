/** Replayed decisions, and what a changed policy comes to, as people read them. Pure. */
import type { Consequence } from '../../src/audit/looks.ts';
import type { ReplayedStep } from '../../src/audit/replay-decisions.ts';
import type { TrialOutcome } from '../../src/audit/policy-trial.ts';
import type { TriedPolicies, TriedRollout } from '../../src/audit/try-policy.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';

/** Consequences of one event, at most: a whole group may be told the same. */
const linesMax = 12;

/** What was decided again, and what followed, one line each. */
export function stepLines({ decided, follows }: ReplayedStep): string[] {
  const lines = follows.map(consequenceLine);
  const shown = lines.length > linesMax ? [...lines.slice(0, linesMax), `and ${lines.length - linesMax} more`] : lines;
  if (decided === null) return shown;
  const instead = decided.instead.length === 0 ? 'nothing' : decided.instead.join(', ');
  const again = decided.agrees ? 'the same' : `otherwise today: ${instead}`;
  return [`decided again by the ${decided.by}: ${again}`, ...shown];
}

function consequenceLine({ of, group, subject, before, after }: Consequence): string {
  switch (of) {
    case 'machine':
      return `machine ${subject}: ${before ?? 'unknown'} → ${after ?? 'gone'}`;
    case 'directive':
      return `directive ${subject}: ${after}`;
    case 'assignment':
      return `assignment ${subject}: ${after}`;
    case 'pool':
      return `pool ${group}: ${subject} ${after === null ? 'out' : before === null ? `in (${after})` : `now ${after}`}`;
    default:
      return `planner ${group}: rollout ${subject} ${after ?? 'is over'}`;
  }
}

export function triedPage({ rollouts, unconcerned, position, at }: TriedPolicies, paint: Paint): string {
  const table = renderTable(
    {
      columns: ['rollout', 'group', 'what', 'asked', 'as recorded', 'under the changed policy'],
      rows: rollouts.map((one) => [
        String(one.rollout),
        one.group,
        one.projects.join(', '),
        time(one.askedAt),
        one.recorded.at === null ? one.recorded.status : `${one.recorded.status} ${time(one.recorded.at)}`,
        outcomeText(one),
      ]),
      empty: 'no rollout would have had another policy',
    },
    paint,
  );
  const others = unconcerned === 0 ? '' : `, ${unconcerned} more have that policy anyway`;
  const otherwise = rollouts.filter(({ tried }) => tried.status !== 'same').length;
  const end = `up to position ${position}, ${time(at)}: ${otherwise} of ${rollouts.length} otherwise or unknown${others}`;
  return `${table}\n\n${paint.dim(end)}`;
}

function outcomeText({ tried }: TriedRollout): string {
  switch (tried.status) {
    case 'same':
      return 'the same';
    case 'unknown':
      return `unknown from position ${tried.position}: ${tried.reason}`;
    case 'waits':
      return `would still wait at position ${tried.position}: ${tried.reason}`;
    default:
      return decidedText(tried);
  }
}

function decidedText({ status, at, position, reason }: Extract<TrialOutcome, { readonly at: number }>): string {
  const verb = {
    fails: 'would have failed',
    pauses: 'would have paused',
    succeeds: 'would have succeeded',
    'rolled-back': 'would have been rolled back',
  }[status];
  return `${verb} ${time(at)}, after position ${position}${reason === '' ? '' : `: ${reason}`}`;
}

function time(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}
