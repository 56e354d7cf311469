/**
 * One command's connection to a fleet: opens it, runs the command, closes it, and turns what was thrown into a
 * complaint and an exit code. The SDK is loaded here, so that `--help` does not pay for it.
 */
import type { Command } from 'commander';
import type { Muster } from '../../src/client/muster.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { natsAccessOf } from './nats-access.ts';
import { type Output, complaintOfThrown, createOutput } from './output.ts';
import { type GlobalOptions, natsUrlOf, principalOf, surroundings } from './target.ts';

export interface Session {
  readonly muster: Muster;
  readonly output: Output;
  readonly natsUrl: string;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** A person waits: a server that is there answers in milliseconds, one that is starting in a second or two. */
const connectTimeoutMs = 3_000;

export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

/** Runs `work` with a connection; the exit code becomes the process's. Never throws. */
export async function withMuster(command: Command, work: (session: Session) => Promise<ExitCode>): Promise<void> {
  const options = globalOptions(command);
  const output = createOutput(options);
  const natsUrl = natsUrlOf(options, surroundings());
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  let muster: Muster | undefined;
  try {
    const { connectMuster } = await import('../../src/client/muster.ts');
    const principal = principalOf(options, surroundings());
    const { signal } = interrupt;
    const access = natsAccessOf(process.env);
    muster = await connectMuster({
      url: natsUrl,
      ...access,
      fleet: options.fleet,
      principal,
      connectTimeoutMs,
      signal,
    });
    process.exitCode = await work({ muster, output, natsUrl, signal });
  } catch (caught) {
    if (interrupt.signal.aborted) process.exitCode = 130;
    else process.exitCode = complain(output, caught, natsUrl);
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    await muster?.close();
  }
}

function complain(output: Output, caught: unknown, natsUrl: string): ExitCode {
  const { complaint, exitCode } = complaintOfThrown(caught, natsUrl);
  output.complain(complaint);
  return exitCode;
}

/** The answer's data printed, or the complaint. */
export async function showQuery<T>(
  { output }: Pick<Session, 'output'>,
  answer: { status: 'ok'; data: T } | { status: 'error'; code: string; message: string },
  people: (data: T, paint: Output['paint']) => string,
): Promise<ExitCode> {
  if (answer.status === 'error') {
    output.complain({ code: answer.code, message: answer.message });
    return answer.code === 'unavailable' || answer.code === 'behind' ? exitCodes.unreachable : exitCodes.rejected;
  }
  await output.data(answer.data, (paint) => people(answer.data, paint));
  return exitCodes.done;
}
