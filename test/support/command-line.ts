/** `muster …` as a process of its own, from source: what it printed, and how it ended. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

const main = resolve(import.meta.dirname, '../../services/cli/main.ts');
/** A start under a loader on a machine that is busy with other tests. */
const timeoutMs = 40_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCli(args: readonly string[], options: { readonly env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: '1', ...options.env };
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', main, ...args],
      { env, timeout: timeoutMs },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') fail(error);
        else done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}
