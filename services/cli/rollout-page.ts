/** Rollouts as people read them: a table, and one as a tree of its steps and servers. Pure but for the `now` it is given. */
import type { RolloutStatus } from '../../schemas/rollout.ts';
import type { RolloutView } from '../../schemas/views.ts';
import { rolloutPolicyText } from '../../src/audit/policy-text.ts';
import { ageText, durationText } from '../../src/std/durations.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';
import { countsText, marked } from './status-text.ts';
import { coloured, renderTable } from './table.ts';

type Progress = NonNullable<RolloutView['progress']>;
type ProgressServer = Progress['servers'][number];

/** Servers shown by name in a tree, at most: a screen's height. Those that are done are counted instead, first. */
const serverLinesMax = 20;

export function rolloutTable(rollouts: readonly RolloutView[], paint: Paint): string {
  const columns = ['group', 'rollout', 'status', 'asked', 'servers', 'why, and what is next'];
  const rows = rollouts.map((rollout) => [
    rollout.group,
    targetsText(rollout),
    markedStatus(rollout.status),
    `${ageText(Date.now() - rollout.askedAt)} ago (position ${rollout.rollout})`,
    rollout.progress === null ? '-' : `${rollout.progress.moved} of ${rollout.progress.members} told`,
    [rollout.reason, rollout.progress?.next ?? ''].filter((text) => text !== '').join('; ') || '-',
  ]);
  return renderTable({ columns, rows, empty: 'no rollouts; next: muster deploy PROJECT@VERSION GROUP' }, paint);
}

/** The tree: rollout, step, servers, what comes next. Lines, so that a live view can repaint them. */
export function rolloutTree(
  rollout: RolloutView,
  { paint, now }: { readonly paint: Paint; readonly now: number },
): string[] {
  const { group, status, askedAt, endedAt, reason, progress } = rollout;
  const since = endedAt === null ? `for ${ageText(now - askedAt)}` : `after ${ageText(endedAt - askedAt)}`;
  const head = `${paint.bold(targetsText(rollout))} on ${group}  ${coloured(markedStatus(status), paint)} ${paint.dim(`${since} (position ${rollout.rollout})`)}`;
  const lines = reason === '' ? [head] : [head, `   ${oneLine(reason)}`];
  if (progress === null) return lines;
  const told = `${progress.moved} of ${progress.members} told, ${progress.healthy} healthy, ${progress.inMotion} of at most ${progress.inMotionMax} in motion`;
  return [
    ...lines,
    `|- ${stepText(rollout, progress)} ${paint.dim('·')} ${told}`,
    ...serverLines(progress, { paint, now }),
    `|- ${paint.dim('policy')}  ${rolloutPolicyText(progress.policy)}`,
    `\`- ${paint.dim('next')}    ${nextText(progress, now)}`,
  ];
}

function serverLines({ servers }: Progress, at: { readonly paint: Paint; readonly now: number }): string[] {
  const rank = { failed: 0, lost: 1, pending: 2, gone: 3, healthy: 4, untold: 5 } as const;
  const sorted = [...servers].sort((a, b) => rank[a.standing] - rank[b.standing]);
  const shown = new Set(sorted.slice(0, serverLinesMax));
  const hidden = sorted.slice(serverLinesMax);
  const width = Math.max(0, ...[...shown].map(({ server }) => server.length));
  const lines = servers.filter((server) => shown.has(server)).map((server) => serverLine(server, { ...at, width }));
  if (hidden.length > 0) lines.push(`|    ${at.paint.dim(`and ${hidden.length} more: ${countsText(hidden)}`)}`);
  return lines;
}

const standingText: { readonly [S in ProgressServer['standing']]: string } = {
  untold: 'not told yet',
  healthy: 'healthy',
  pending: 'on its way',
  failed: 'failed',
  lost: 'lost',
  gone: 'gone',
};

function serverLine(
  { server, status, sinceAt, version, standing, healthySince, text }: ProgressServer,
  { paint, now, width }: { readonly paint: Paint; readonly now: number; readonly width: number },
): string {
  const word = standing === 'failed' ? paint.red(standingText.failed) : standingText[standing];
  const healthy = healthySince === null ? '' : ` for ${ageText(now - healthySince)}`;
  const cells = [
    server.padEnd(width),
    `${coloured(marked(status), paint)} ${paint.dim(ageText(now - sinceAt))}`,
    version ?? '-',
    `${word}${healthy}`,
  ];
  return `|    ${cells.join('  ')}${text === '' ? '' : `: ${oneLine(text)}`}`;
}

function stepText({ targets }: RolloutView, { target, step, steps, policy, standby }: Progress): string {
  const of =
    targets.length === 1 ? '' : `project ${target + 1} of ${targets.length} (${targets[target]?.project ?? ''}), `;
  if (step < 0) return `${of}not begun`;
  if (standby !== null) {
    const where = standby.switchedAt === null ? 'not in traffic yet' : 'in traffic';
    return `${of}step ${step + 1}, ${standby.servers.length} standing by, ${where}`;
  }
  if (policy.strategy.kind === 'canary' && step < steps.length)
    return `${of}canary step ${step + 1} of ${steps.length}`;
  return `${of}step ${step + 1}`;
}

function nextText({ next, nextAt, gate }: Progress, now: number): string {
  const left = (at: number) => durationText(Math.max(0, Math.ceil((at - now) / 1_000)) * 1_000);
  const soon = nextAt === null || nextAt <= now ? '' : `, in ${left(nextAt)} at the latest`;
  if (gate === null) return `${oneLine(next)}${soon}`;
  const deadlines = `a server has ${left(gate.healthyDeadlineAt)} to be healthy, the rollout ${left(gate.progressDeadlineAt)} for the next`;
  return `${oneLine(next)}${soon} (${deadlines})`;
}

export function targetsText({ targets }: Pick<RolloutView, 'targets'>): string {
  return targets.map(({ project, from, to }) => `${project} ${from === null ? to : `${from} -> ${to}`}`).join(', ');
}

const markByStatus: { readonly [S in RolloutStatus]: string } = {
  running: '>',
  paused: '|',
  halted: '!',
  'rolling-back': '<',
  succeeded: '+',
  'rolled-back': '<',
  superseded: '-',
  withdrawn: '-',
};

function markedStatus(status: RolloutStatus): string {
  return `${markByStatus[status]} ${status}`;
}
