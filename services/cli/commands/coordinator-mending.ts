/** `muster coordinator recover` and `resize`: the ways out of a log that went back, and of a stream that is full. */
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RecoveryView } from '../../coordinator/recover.ts';
import type { NatsAccess } from '../../../schemas/nats-access.ts';
import { FleetId, type Principal } from '../../../schemas/ids.ts';
import { position } from '../change-options.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type Output, complaintOfThrown, createOutput } from '../output.ts';
import type { Paint } from '../paint.ts';
import { globalOptions } from '../session.ts';
import { renderFields, renderTable } from '../table.ts';
import { natsAccessOf } from '../nats-access.ts';
import { natsUrlOf, principalOf, surroundings } from '../target.ts';

interface RecoverOptions {
  readonly data: string;
  readonly at?: number;
  readonly commands?: 'redecide' | 'skip';
}

/** The streams whose limits a fleet's operator may come to. */
const streams = ['log', 'commands', 'groups', 'pools', 'feed'] as const;
type StreamName = (typeof streams)[number];

export function addMending(coordinator: Command): void {
  coordinator
    .command('recover')
    .description(
      'when NATS holds less of the log than was seen: shows what is lost; with --at and --commands, the log goes on\n' +
        'from there. Restoring the streams from a backup that is as new is better, where there is one.',
    )
    .option('--data <folder>', "the coordinator's data folder of this machine", join('.muster', 'data', 'coordinator'))
    .option('--at <position>', 'where the log ends now, as shown: it goes on from there', position)
    .addOption(
      new Option('--commands <how>', 'commands still in their stream: decide those again, or pass them over').choices([
        'redecide',
        'skip',
      ]),
    )
    .action((options: RecoverOptions, command: Command) => mend(command, (given) => recover(given, options)));
  coordinator
    .command('resize')
    .description('how much a stream may take on disk')
    .argument('<stream>', streams.join(', '), streamName)
    .argument('<size>', 'such as 8GiB or 512MiB', bytes)
    .action((stream: StreamName, maxBytes: number, _options, command: Command) =>
      mend(command, (given) => resize(given, stream, maxBytes)),
    );
}

interface Given {
  readonly output: Output;
  readonly natsUrl: string;
  readonly natsAccess: NatsAccess;
  readonly fleet: FleetId;
  readonly by: Principal;
}

async function mend(command: Command, work: (given: Given) => Promise<ExitCode>): Promise<void> {
  const options = globalOptions(command);
  const natsUrl = natsUrlOf(options, surroundings());
  const output = createOutput(options);
  try {
    const natsAccess = natsAccessOf(process.env);
    const by = principalOf(options, surroundings());
    process.exitCode = await work({ output, natsUrl, natsAccess, fleet: FleetId.parse(options.fleet), by });
  } catch (caught) {
    const { complaint, exitCode } = complaintOfThrown(caught, natsUrl);
    output.complain(complaint);
    process.exitCode = exitCode;
  }
}

async function recover(
  { output, natsUrl, natsAccess, fleet, by }: Given,
  { data, at, commands }: RecoverOptions,
): Promise<ExitCode> {
  const { look, recoverLog } = await import('../../coordinator/recover.ts');
  const log = { natsUrl, natsAccess, fleet, dataDirectory: resolve(data) };
  output.step('reading the log, and listening to what servers and balancers hold');
  if (at === undefined || commands === undefined) {
    const view = await look(log);
    await output.data(asData(view), (paint) => page(view, paint));
    return exitCodes.done;
  }
  const recovered = await recoverLog(log, { at, commands, by });
  const { term, position: head, view } = recovered;
  await output.data({ ...asData(view), recovered: { term, position: head } }, (paint) =>
    [
      `the log goes on from position ${at}, in term ${term}: this stands at position ${head}`,
      ...(view.isFeedAhead
        ? ['the feed is made anew by the next leader; consumers of services on it are gone and have to be made again']
        : []),
      paint.dim('next: start the coordinators; those of other machines find the recovery in the log'),
    ].join('\n'),
  );
  return exitCodes.done;
}

/** What is shown is plain: no fold, no bytes. */
function asData({ cursor, seen, lost, isFeedAhead, commands }: RecoveryView): object {
  const { log, term, position: end } = cursor;
  return { log, term, position: end, seen, lost, isFeedAhead, commands };
}

function page({ cursor, seen, lost, commands }: RecoveryView, paint: Paint): string {
  const missing = Math.max(0, seen.position - cursor.position);
  const fields: [string, string][] = [
    ['the log ends at', `position ${cursor.position} (term ${cursor.term}), whole up to there`],
    ['seen was', `position ${seen.position} (term ${seen.term})`],
    ['lost', missing === 0 ? 'no event of the log' : `${missing} events, at least`],
    ['commands kept', `${commands.firstSequence} to ${commands.lastSequence}`],
  ];
  if (commands.trouble !== undefined) fields.push(['of those', commands.trouble]);
  const parts = [renderFields(fields, paint)];
  if (lost.length > 0) {
    const rows = lost.map((event) => [
      String(event.position),
      new Date(event.at).toISOString(),
      event.type,
      event.principal,
    ]);
    const columns = ['POSITION', 'AT', 'EVENT', 'BY'];
    parts.push('what the feed still tells of it:', renderTable({ columns, rows, empty: '' }, paint));
  }
  const next = `muster coordinator recover --at ${cursor.position} --commands redecide|skip`;
  parts.push(
    paint.dim(missing === 0 && commands.trouble === undefined ? 'nothing is to be recovered' : `next: ${next}`),
  );
  return parts.join('\n');
}

async function resize(
  { output, natsUrl, natsAccess, fleet }: Given,
  stream: StreamName,
  maxBytes: number,
): Promise<ExitCode> {
  const { resizeStream } = await import('../../coordinator/recover.ts');
  const status = await resizeStream({ natsUrl, natsAccess, fleet }, { stream, maxBytes });
  await output.data({ stream, bytes: status.bytes, maxBytes: status.maxBytes }, () => {
    return `${stream} holds ${status.bytes} bytes and may take ${status.maxBytes}`;
  });
  return exitCodes.done;
}

function streamName(text: string): StreamName {
  const found = streams.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`There are: ${streams.join(', ')}.`);
  return found;
}

const bytesByUnit: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

function bytes(text: string): number {
  const [, count, unit] = /^(\d+)(KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  const value = Number(count) * (bytesByUnit[unit ?? ''] ?? Number.NaN);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new InvalidArgumentError('Write a size such as 8GiB or 512MiB.');
  return value;
}
