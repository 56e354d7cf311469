/** `muster log` */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Event } from '../../../schemas/events.ts';
import { position } from '../change-options.ts';
import { type FilterOptions, isFiltering, matches } from '../../../src/audit/event-filter.ts';
import { eventLine } from '../event-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseInstant } from '../../../src/audit/instant-text.ts';
import { type Session, globalOptions, withMuster } from '../session.ts';
import type { OutputFormat } from '../target.ts';

interface LogOptions extends FilterOptions {
  readonly lines: number;
  readonly from?: number;
  readonly follow?: boolean;
  readonly file?: string;
}

/** A screenful. */
const linesDefault = 20;

export function addLog(program: Command): void {
  program
    .command('log')
    .summary('what happened: the newest events')
    .description('The newest events of the fleet, oldest first. With -o json one event a line.')
    .option('-n, --lines <count>', 'how many', count, linesDefault)
    .option('--from <position>', 'from this position on instead', position)
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--group <group>', 'only what is about this group')
    .option('--server <server>', 'only what is about this server')
    .option('--project <project>', 'only what is about this project')
    .option('--principal <principal>', 'only what this one asked')
    .option('--type <type...>', 'only events of these types, such as server.ready')
    .option('--since <time>', 'only from then on: 2026-03-01T12:00:00Z, or 15m ago as 15m', time)
    .option('--until <time>', 'only up to then', time)
    .option('--rejected', 'only what was refused')
    .addOption(new Option('--file <export>', 'read an exported log instead of the fleet').conflicts('follow'))
    .action(async ({ file, ...options }: LogOptions, command: Command) => {
      if (file === undefined) {
        const told = ({ muster, output, signal }: Session): Telling => ({
          events: (range) => muster.events({ ...range, signal }),
          output,
        });
        return withMuster(command, (session) => show(told(session), command, options));
      }
      const { withHistory } = await import('../history.ts');
      const { toldEvents } = await import('../../../src/audit/told-events.ts');
      return withHistory(command, file, ({ source, output, signal }) => {
        const events: Telling['events'] = (range) => toldEvents(source, { ...range, signal });
        // Where a file ends is known once it was read: the newest are found as those that match a filter are.
        return show({ events, output, isFile: true }, command, options);
      });
    });
}

/** Where the events come from, a fleet or a file. */
interface Telling {
  readonly events: (range: Range) => AsyncIterable<Event>;
  readonly output: Session['output'];
  readonly isFile?: boolean;
}
type Range = { readonly follow: boolean; readonly last?: number; readonly from?: number };

async function show(
  { events, output, isFile = false }: Telling,
  command: Command,
  { lines, from, follow = false, ...filter }: Omit<LogOptions, 'file'>,
) {
  const { output: format } = globalOptions(command);
  let shown = 0;
  const show = async (event: Event) => {
    shown += 1;
    await print(event, format);
  };
  /** Null: all of it was told. */
  let range: { readonly last: number } | { readonly from: number } | null =
    from === undefined ? { last: lines } : { from };
  if (from === undefined && (isFile || isFiltering(filter))) {
    const { newest, next } = await newestMatching(events({ follow: false }), { lines, filter });
    for (const event of newest) await show(event);
    range = isFile ? null : { from: next };
  }
  const rest = range === null ? [] : events({ ...range, follow });
  for await (const event of rest) if (matches(event, filter)) await show(event);
  if (shown === 0 && !follow && format === 'table') {
    output.step(isFiltering(filter) ? 'nothing of the kind has happened' : 'nothing has happened yet');
  }
  return exitCodes.done;
}

/** The newest that match may stand anywhere: the whole feed is looked through, and only they are held. */
async function newestMatching(
  events: AsyncIterable<Event>,
  { lines, filter }: { readonly lines: number; readonly filter: FilterOptions },
): Promise<{ readonly newest: readonly Event[]; readonly next: number }> {
  const newest: Event[] = [];
  let next = 1;
  const { progressTeller } = await import('../../../src/audit/progress.ts');
  const { systemClock } = await import('../../../src/std/clock.ts');
  const onProgress = ({ position }: { position: number }) =>
    void process.stderr.write(`read up to position ${position}\n`);
  const tell = progressTeller({ clock: systemClock, onProgress });
  for await (const event of events) {
    next = event.position + 1;
    tell(event.position);
    if (!matches(event, filter)) continue;
    newest.push(event);
    if (newest.length > lines) newest.shift();
  }
  return { newest, next };
}

/** JSON and tables go line by line, so that `--follow` shows each as it comes; YAML is one document a event. */
async function print(event: Event, format: OutputFormat): Promise<void> {
  if (format === 'json') process.stdout.write(`${JSON.stringify(event)}\n`);
  else if (format === 'yaml') process.stdout.write(`---\n${(await import('yaml')).stringify(event)}`);
  else process.stdout.write(`${await eventLine(event)}\n`);
}

function time(text: string): number {
  const found = parseInstant(text, Date.now());
  if (found !== undefined && 'time' in found) return found.time;
  throw new InvalidArgumentError('Write a time (2026-03-01T12:00:00Z) or how long ago (15m).');
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Write a whole number from 1.');
  return value;
}
