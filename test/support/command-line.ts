/** `muster …` as a process of its own, as it was built: what it printed, and how it ended. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const main = resolve(import.meta.dirname, '../../dist/services/cli/main.js');
/** A start on a machine that is busy with other tests, and an hour that nobody waits for. */
const timeoutMs = 40_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCli(args: readonly string[], options: { readonly env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: '1', ...options.env };
  return new Promise((done, fail) => {
    execFile(process.execPath, [main, ...args], { env, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') fail(error);
      else done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

/** The same where whoever reads its output, as `head` does, has gone before it says anything. */
export async function runCliUnread(args: readonly string[]): Promise<Pick<Ran, 'code' | 'stderr'>> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, stderr };
}
