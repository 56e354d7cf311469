/** Groups as people read them. A held pool is told first and last: it means that servers are lost and traffic knows it not. */
import { groupWord } from '../../schemas/group-word.ts';
import type { GroupView } from '../../schemas/views.ts';
import { rolloutPolicyText } from '../../src/audit/policy-text.ts';
import { durationText } from '../../src/std/durations.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';
import { countsText, marked } from './status-text.ts';
import { coloured, renderFields, renderTable } from './table.ts';

export function groupTable(groups: readonly GroupView[], paint: Paint): string {
  const columns = ['group', 'status', 'servers', 'of them', 'projects'];
  const rows = groups.map((group) => [
    group.name,
    marked(groupWord(group)),
    String(group.servers.length),
    countsText(group.servers) || '-',
    String(group.deployments.length),
  ]);
  const table = renderTable({ columns, rows, empty: 'no groups; next: muster group create NAME' }, paint);
  const held = groups.flatMap((group) => heldLines(group, paint));
  return [table, ...(held.length === 0 ? [] : [held.join('\n')])].join('\n\n');
}

function heldLines({ name, status }: GroupView, paint: Paint): string[] {
  if (status === null || status.held === null) return [];
  return [`${paint.red(paint.bold(`# HELD: the pool of ${name}`))} ${oneLine(status.held)}`];
}

export function groupPage(group: GroupView, paint: Paint): string {
  const { status, policy } = group;
  const fields: [string, string][] = [
    ['group', group.name],
    ['status', coloured(marked(groupWord(group)), paint)],
    ['servers', countsText(group.servers) || 'none'],
    ['changed at', `position ${group.changedAt}`],
    ...(status === null ? [] : [['reached', reachedText(status)] as [string, string]]),
    ['drain timeout', durationText(policy.drainTimeoutMs)],
    ['lease', durationText(policy.leaseMs)],
    ['syncs', `${policy.syncsMax} at a time`],
    [
      'floor',
      `${policy.floorPercent} % of the pool, absences within ${durationText(policy.floorWindowMs)} counted together`,
    ],
    ['rollouts', rolloutPolicyText(policy.rollout)],
  ];
  const servers = renderTable(
    {
      columns: ['server', 'status'],
      rows: group.servers.map(({ server, status: word }) => [server, marked(word)]),
      empty: 'no servers',
    },
    paint,
  );
  const rows = group.deployments.map(({ project, version, holding, servers: of }) => [
    project,
    version,
    `${holding} of ${of}`,
  ]);
  const deployments = renderTable({ columns: ['project', 'version', 'held by'], rows, empty: 'no deployments' }, paint);
  const laggards = (status?.laggards ?? []).map(({ what, reason }) => `${paint.yellow(what)}: ${oneLine(reason)}`);
  const held = heldLines(group, paint);
  const blocks = [held.join('\n'), renderFields(fields, paint), servers, deployments, laggards.join('\n')];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function reachedText({ servers, pool, balancers }: NonNullable<GroupView['status']>): string {
  return `servers ${servers} · pool ${pool} · balancers ${balancers}`;
}
