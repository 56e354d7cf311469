/** `muster log` */
import { type Command, InvalidArgumentError } from 'commander';
import type { Event } from '../../../schemas/events.ts';
import { position } from '../change-options.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Paint } from '../paint.ts';
import { type Session, globalOptions, withMuster } from '../session.ts';

interface LogOptions {
  readonly lines: number;
  readonly from?: number;
  readonly follow?: boolean;
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
    .action((options: LogOptions, command: Command) =>
      withMuster(command, (session) => show(session, command, options)),
    );
}

async function show(
  { muster, output, signal }: Session,
  command: Command,
  { lines, from, follow = false }: LogOptions,
) {
  const { output: format } = globalOptions(command);
  const range = from === undefined ? { last: lines } : { from };
  let shown = 0;
  for await (const event of muster.events({ ...range, follow, signal })) {
    // JSON and tables go line by line, so that `--follow` shows each as it comes; YAML is one document a event.
    if (format === 'json') process.stdout.write(`${JSON.stringify(event)}\n`);
    else if (format === 'yaml') process.stdout.write(`---\n${(await import('yaml')).stringify(event)}`);
    else await printLine(event);
    shown += 1;
  }
  if (shown === 0 && !follow && format === 'table') output.step('nothing has happened yet');
  return exitCodes.done;
}

async function printLine(event: Event): Promise<void> {
  const { eventText } = await import('../event-text.ts');
  const { createPaint, wantsColour } = await import('../paint.ts');
  const paint = createPaint(wantsColour(process.stdout, process.env) && !process.argv.includes('--no-color'));
  process.stdout.write(`${logLine(event, { text: eventText(event), paint })}\n`);
}

/** Position, time, event, who asked, and what happened. */
function logLine(event: Event, { text, paint }: { readonly text: string; readonly paint: Paint }): string {
  const at = new Date(event.at).toISOString().replace('T', ' ').slice(0, 19);
  const reason = event.reason === undefined ? '' : paint.dim(` (${event.reason})`);
  const type = event.type === 'command.rejected' || event.type === 'server.sync-failed' ? paint.red : paint.bold;
  const columns = [
    String(event.position).padStart(6),
    paint.dim(at),
    type(event.type.padEnd(20)),
    paint.dim(event.principal.padEnd(14)),
  ];
  return `${columns.join('  ')}  ${text}${reason}`;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Write a whole number from 1.');
  return value;
}
