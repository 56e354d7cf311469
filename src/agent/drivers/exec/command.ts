/** Runs one command to its end: no shell, bounded output, a deadline. */
import { spawn } from 'node:child_process';
import type { Clock, Timer } from '../../../std/clock.ts';
import { Failure } from '../../../std/failure.ts';

export interface CommandOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Added to this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What is kept of its output, from the end: where commands say what went wrong. */
const outputBytesMax = 8 * 1024;
/** Between asking it to end and making it. */
const killDelayMs = 5_000;
/** What was written before the end is read within milliseconds of it. */
const outputTimeoutMs = 200;

export interface CommandEnd {
  /** How it failed; undefined when it ended with 0. */
  readonly problem?: string;
  readonly output: string;
}

/** Rejects with `aborted` alone. */
export function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { command, environment, folder, timeoutMs, clock, signal } = options;
  const [program = '', ...parameters] = command;
  return new Promise((resolve, reject) => {
    let output = '';
    let ended: string | undefined;
    let kill: Timer | undefined;
    const env = { ...process.env, ...environment };
    const child = spawn(program, parameters, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-outputBytesMax);
    };
    // Without a file handle left there are none, and the event that it could not be started.
    for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', keep);
    const end = (reason: string) => {
      ended ??= reason;
      child.kill('SIGTERM');
      kill = clock.after(killDelayMs, () => child.kill('SIGKILL'));
    };
    const timer = clock.after(timeoutMs, () => end(`did not end within ${timeoutMs} ms`));
    const onAbort = () => end('was stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    const finish = (failure?: string) => {
      timer.cancel();
      kill?.cancel();
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(new Failure({ code: 'aborted', retryable: true, message: `${program} was stopped` }));
      else resolve(failure === undefined ? { output } : { output, problem: `${program} ${ended ?? failure}` });
    };
    const onEnd = (code: number | null, killedBy: NodeJS.Signals | null) => {
      finish(code === 0 && ended === undefined ? undefined : `ended with ${String(code ?? killedBy)}`);
    };
    child.once('error', (error) => finish(`could not be started: ${error.message}`));
    child.once('close', onEnd);
    // A gateway it leaves running may keep our pipes: its last words are waited for, not that. They stay open, since a
    // gateway that writes into a closed one would end.
    child.once('exit', (code, killedBy) => void clock.after(outputTimeoutMs, () => onEnd(code, killedBy)));
    if (signal.aborted) onAbort();
  });
}
