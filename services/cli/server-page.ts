/** Servers as people read them: what each does, since when, why, and what happens next. */
import type { ServerView } from '../../schemas/views.ts';
import { ageText } from '../../src/std/durations.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';
import { marked } from './status-text.ts';
import { coloured, renderFields, renderTable } from './table.ts';

export function serverTable(servers: readonly ServerView[], paint: Paint): string {
  const columns = [
    'server',
    'group',
    'status',
    'since',
    'pool',
    'address',
    'projects',
    'seen',
    'why, and what is next',
  ];
  const rows = servers.map((server) => [
    server.server,
    server.group ?? '-',
    marked(server.status),
    ageText(Date.now() - server.sinceAt),
    poolCell(server),
    `${server.address.host}:${server.address.port}`,
    String(server.desired.length),
    server.seenAt === null ? '-' : ageText(Date.now() - server.seenAt),
    [server.reason, server.next].filter((text) => text !== '').join('; ') || '-',
  ]);
  return renderTable(
    { columns, rows, empty: 'no servers; next: muster gateway run --name NAME --listen 127.0.0.1:0' },
    paint,
  );
}

/** `cordoned` beside the status: a server that is ready, lost or failed may be cordoned as well. */
function poolCell({ group, inPool, cordoned, status }: ServerView): string {
  if (group === null) return '-';
  const where = inPool ? 'in' : 'out';
  return cordoned && status !== 'cordoned' ? `${where}, cordoned` : where;
}

export function serverPage(server: ServerView, paint: Paint): string {
  const fields: [string, string][] = [
    ['server', server.server],
    [
      'status',
      `${coloured(marked(server.status), paint)} for ${ageText(Date.now() - server.sinceAt)} (position ${server.since})`,
    ],
    ['why', oneLine(server.reason) || '-'],
    ['next', oneLine(server.next) || '-'],
    ['group', server.group ?? '-'],
    ['in pool', server.inPool ? 'yes' : 'no'],
    ['cordoned', server.cordoned ? `yes; back with: muster server uncordon ${server.server}` : 'no'],
    ['address', `${server.address.host}:${server.address.port}`],
    ['weight', String(server.weight)],
    ['labels', labelsText(server.labels)],
    ['agent', oneLine(server.agent ?? '-')],
    ['in flight', server.inFlight === null ? '-' : String(server.inFlight)],
    ['requests', trafficText(server.traffic)],
    ['last heard', server.seenAt === null ? 'not yet' : `${ageText(Date.now() - server.seenAt)} ago`],
    ['receipt', server.receipt === null ? 'none yet' : `position ${server.receipt}`],
  ];
  const rows = server.desired.map(({ project, version, digest }) => [project, version, digest.slice(0, 12)]);
  const desired = renderTable(
    { columns: ['shall hold', 'version', 'digest'], rows, empty: 'shall hold nothing' },
    paint,
  );
  const failures = server.failures.map(
    ({ project, version, text }) => `${paint.red(`! ${project}@${version}`)}: ${oneLine(text)}`,
  );
  return [renderFields(fields, paint), desired, ...(failures.length === 0 ? [] : [failures.join('\n')])].join('\n\n');
}

/** `-`: its gateway cannot count, or has not been heard for long enough. */
function trafficText(traffic: ServerView['traffic']): string {
  if (traffic === null) return '-';
  const { requestsPerSecond, errorsPerSecond, latencyMs } = traffic;
  const latency = latencyMs === null ? '' : `, ${latencyMs} ms on the average`;
  return `${requestsPerSecond} a second, ${errorsPerSecond} of them failed${latency}`;
}

function labelsText(labels: ServerView['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return oneLine(pairs.join(' ')) || '-';
}
