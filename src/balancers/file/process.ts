/** Runs an operator's command with a deadline, and ends all of it: the shell and whatever it started. */
import { spawn } from 'node:child_process';
import type { Clock } from '../../std/clock.ts';
import { Failure } from '../../std/failure.ts';

export interface CommandOptions {
  readonly command: string;
  /** Beside what this process has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Enough of what a command said for a person to see why it failed. */
const wordsMax = 1_000;

/** What was written before the end is read within milliseconds of it. */
const wordsTimeoutMs = 200;

/** Resolves on exit code 0. Throws `driver-failed` with the command's last words, `timeout`, or `aborted`. */
export function runCommand({ command, environment, timeoutMs, clock, signal }: CommandOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(failure('aborted', 'stopped before the command ran'));
    const env = { ...process.env, ...environment };
    const child = spawn('sh', ['-c', command], { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
    let words = '';
    const hear = (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-wordsMax);
    };
    // Without a file handle left there are none, and the event that it could not be started.
    for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', hear);
    const finish = (failed?: Failure) => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      if (failed === undefined) return resolve();
      killGroup(child.pid);
      reject(failed);
    };
    const onAbort = () => finish(failure('aborted', 'stopped while the command ran'));
    const timer = clock.after(timeoutMs, () => finish(failure('timeout', `the command took over ${timeoutMs} ms`)));
    signal.addEventListener('abort', onAbort, { once: true });
    child.on('error', (error) => finish(failure('driver-failed', `the command did not run: ${error.message}`)));
    const ended = (code: number | null, by: NodeJS.Signals | null) => {
      if (code === 0) finish();
      else finish(failure('driver-failed', `the command ended with ${code ?? by}: ${words.trim()}`.trim()));
    };
    child.on('close', ended);
    // A command may leave something running that keeps our pipes: its last words are waited for, not that. They stay
    // open, since a program that writes into a closed one would end.
    child.on('exit', (code, by) => clock.after(wordsTimeoutMs, () => ended(code, by)));
  });
}

function failure(code: 'aborted' | 'timeout' | 'driver-failed', message: string): Failure {
  return new Failure({ code, retryable: code !== 'aborted', message });
}

/** Detached, the shell leads a group of its own. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return;
    throw error;
  }
}
