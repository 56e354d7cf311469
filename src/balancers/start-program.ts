/** Starts a balancer's program. It outlives us on purpose, and what it prints goes to its log. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Failure } from '../std/failure.ts';

export interface ProgramStart {
  readonly binary: string;
  readonly args: readonly string[];
  readonly logPath: string;
  /** Default: where we are. */
  readonly folder?: string;
}

/** Throws `io` where it has no place to write to, or cannot be started; one that is not there is found not to answer. */
export function startProgram({ binary, args, logPath, folder }: ProgramStart): ChildProcess {
  try {
    const log = openSync(logPath, 'a', 0o600);
    try {
      // Detached: Ctrl-C in a terminal reaches us alone, and we stop it in order.
      const child = spawn(binary, args, { detached: true, cwd: folder, stdio: ['ignore', log, log] });
      child.on('error', () => undefined);
      child.unref();
      return child;
    } finally {
      closeSync(log);
    }
  } catch (error) {
    throw Failure.from(error, { code: 'io', retryable: true, message: `could not start ${binary}` });
  }
}
