/** A part of a bench in a process of its own, so that the load does not share its event loop. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';

const startTimeoutMs = 60_000;

/** Runs a file of this folder; resolves when it says that it is ready. `children` holds it from the start, to be killed. */
export async function startProcess(
  file: string,
  args: readonly string[],
  children: ChildProcess[],
): Promise<ChildProcess & { readonly pid: number }> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args, {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, MUSTER_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  let ready = false;
  child.once('message', () => {
    ready = true;
  });
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`);
      return ready;
    },
    { timeoutMs: startTimeoutMs, what: `${file} to be ready` },
  );
  return child as ChildProcess & { readonly pid: number };
}
