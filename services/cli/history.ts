/**
 * The log as a command reads it: a fleet's own, or a file it was exported to. Everything of it is loaded here, so that
 * other commands do not pay for it.
 */
import type { Command } from 'commander';
import type { QueryAsk, QueryData } from '../../schemas/views.ts';
import type { AsOfOptions, Instant } from '../../src/audit/as-of.ts';
import type { ProgressOptions } from '../../src/audit/progress.ts';
import type { Moment } from '../../src/audit/replay.ts';
import type { ProjectedQuery } from '../../src/projections/views.ts';
import type { FleetId } from '../../schemas/ids.ts';
import type { ExitCode } from './exit-codes.ts';
import { instant } from './instant.ts';
import { complaintOfThrown, createOutput, type Output } from './output.ts';
import { globalOptions, showQuery } from './session.ts';
import { natsAccessOf } from './nats-access.ts';
import { natsUrlOf, principalOf, surroundings } from './target.ts';

/** A person waits: a server that is there answers in milliseconds, one that is starting in a second or two. */
const connectTimeoutMs = 3_000;

export interface History {
  readonly source: AsOfOptions['source'];
  /** Undefined for a file. */
  readonly live: AsOfOptions['live'];
  readonly fleet: FleetId;
  readonly output: Output;
  readonly progress: ProgressOptions;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs `work` with the fleet's log, or with the file's; the exit code becomes the process's. Never throws. */
export async function withHistory(
  command: Command,
  file: string | undefined,
  work: (history: History) => Promise<ExitCode>,
): Promise<void> {
  const output = createOutput(globalOptions(command));
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  let close: (() => Promise<void>) | undefined;
  try {
    const opened = await openHistory(command, file, interrupt.signal);
    close = opened.close;
    process.exitCode = await work({ ...opened, output, signal: interrupt.signal });
  } catch (caught) {
    const natsUrl = natsUrlOf(globalOptions(command), surroundings());
    const { complaint, exitCode } = complaintOfThrown(caught, natsUrl);
    if (!interrupt.signal.aborted) output.complain(complaint);
    process.exitCode = interrupt.signal.aborted ? 130 : exitCode;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    await close?.();
  }
}

type Opened = Pick<History, 'source' | 'live' | 'fleet' | 'progress'> & { readonly close: () => Promise<void> };

async function openHistory(command: Command, file: string | undefined, signal: AbortSignal): Promise<Opened> {
  const options = globalOptions(command);
  const { systemClock } = await import('../../src/std/clock.ts');
  const fleet = options.fleet as FleetId;
  const progress: ProgressOptions = {
    clock: systemClock,
    onProgress: ({ position }) => void process.stderr.write(`read up to position ${position}\n`),
  };
  if (file !== undefined) {
    const { exportFile } = await import('../../src/audit/export-file.ts');
    return { source: exportFile(file), live: undefined, fleet, progress, close: async () => undefined };
  }
  const { connectBus } = await import('../../src/nats/connect.ts');
  const { jetstreamLog } = await import('../../src/eventlog/jetstream-log.ts');
  const { streamNames } = await import('../../src/nats/stream-definitions.ts');
  const { subjects } = await import('../../schemas/subjects.ts');
  const { liveSource } = await import('../../src/audit/log-source.ts');
  const bus = await connectBus({
    url: natsUrlOf(options, surroundings()),
    ...natsAccessOf(process.env),
    principal: principalOf(options, surroundings()),
    clock: systemClock,
    connectTimeoutMs,
    signal,
  });
  const names = streamNames(fleet);
  const log = jetstreamLog({ bus, stream: names.log, subject: subjects.log(fleet), clock: systemClock });
  const live = { log, bucket: bus.objects(names.snapshots) };
  return { source: liveSource(log, names.log), live, fleet, progress, close: () => bus.close() };
}

/** The fleet as it was, by default at the log's end, said on standard error with its position and time. */
export async function momentAt(history: History, at: Instant | undefined): Promise<Moment> {
  const { stateAt, stateNow } = await import('../../src/audit/as-of.ts');
  const { source, live, progress, signal } = history;
  const options = { source, progress, signal, ...(live === undefined ? {} : { live }) };
  const moment = at === undefined ? await stateNow(options) : await stateAt(options, at);
  const time = new Date(moment.at).toISOString();
  history.output.step(`as of position ${moment.position}, ${time}`);
  return moment;
}

/** `--at` and `--file` on a command that only asks. */
export function addAtOption(command: Command): Command {
  return command
    .option('--at <position|time>', 'as it was then: 1200, 2026-03-01T12:00:00Z, or 15m ago as 15m', instant)
    .option('--file <export>', 'by an exported log instead of the fleet; as it was at its end without --at');
}

export interface Asking<Q extends ProjectedQuery> {
  readonly name: Q;
  readonly ask: QueryAsk<Q>;
  readonly people: (data: QueryData<Q>, paint: Output['paint']) => string;
}

/** Shows what a query answers: now by the fleet, or with `--at` or `--file` by its log. */
export async function showAsked<Q extends ProjectedQuery>(command: Command, asking: Asking<Q>): Promise<void> {
  const { name, ask, people } = asking;
  const { at, file } = command.opts<{ at?: Instant; file?: string }>();
  if (at === undefined && file === undefined) {
    const { withMuster } = await import('./session.ts');
    return withMuster(command, async (session) => showQuery(session, await session.muster.query(name, ask), people));
  }
  await withHistory(command, file, async (history) => {
    const moment = await momentAt(history, at);
    const { queryAt } = await import('../../src/audit/as-of.ts');
    return showQuery(history, queryAt(moment, { name, ask }), people);
  });
}
