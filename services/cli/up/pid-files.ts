/**
 * Which processes are ours, on disk, so that a later `up` finds what an earlier one left when it was killed.
 * Nothing is ever ended on the strength of a pid alone.
 */
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type ProcessIdentity, allProcesses, isRunning, processAt } from './process-identity.ts';

const PidFile = z.object({
  pid: z.int().min(2),
  startedAt: z.string(),
  /** What its command line must hold. */
  mark: z.string().min(1),
});
type PidFile = z.infer<typeof PidFile>;

/** A process that was told to end and has a store to close takes a few seconds. */
const endTimeoutMs = 10_000;
/** After a kill only the system has work left. */
const killTimeoutMs = 5_000;
const pollMs = 50;

/** Writes down a process that has just been started; false when it is gone already. */
export function writePidFile(
  folder: string,
  { name, pid, mark }: { name: string; pid: number; mark: string },
): boolean {
  const found = processAt(pid);
  if (found === undefined) return false;
  const file: PidFile = { pid, startedAt: found.startedAt, mark };
  const path = pidPath(folder, name);
  writeFileSync(`${path}.new`, JSON.stringify(file));
  renameSync(`${path}.new`, path);
  return true;
}

/** The process a file names, if that very one still runs. */
export function runningOf(folder: string, name: string): ProcessIdentity | undefined {
  const file = readPidFile(folder, name);
  return file !== undefined && isRunning(file, file.mark) ? file : undefined;
}

export function removePidFile(folder: string, name: string): void {
  rmSync(pidPath(folder, name), { force: true });
}

/** Ends everything named here that still runs, and only that. Returns the names that were still running. */
export async function reapLeftovers(folder: string, except: readonly string[]): Promise<string[]> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => file.slice(0, -'.pid'.length))
    .filter((name) => !except.includes(name));
  const running = names.filter((name) => runningOf(folder, name) !== undefined);
  await Promise.all(running.map((name) => end(folder, name)));
  for (const name of names) removePidFile(folder, name);
  return running;
}

/** A process that a child of ours started and may leave when it is killed. */
export interface Stray {
  readonly program: string;
  /** A file of ours it was started from: with the program it names nobody else's. */
  readonly mark: string;
}

/** Writes strays down, so that they are reaped with the others. */
export function adoptStrays(folder: string, stray: Stray): void {
  for (const { pid } of straysOf(stray))
    writePidFile(folder, { name: `${stray.program}-${pid}`, pid, mark: stray.mark });
}

/** No goodbye: where somebody has asked twice. */
export function killStrays(stray: Stray): void {
  for (const { pid } of straysOf(stray)) signalQuietly(pid, 'SIGKILL');
}

function straysOf({ program, mark }: Stray): ProcessIdentity[] {
  return allProcesses().filter(
    ({ commandLine }) => basename(commandLine.split(' ', 1)[0] ?? '') === program && commandLine.includes(mark),
  );
}

async function end(folder: string, name: string): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGTERM', endTimeoutMs],
    ['SIGKILL', killTimeoutMs],
  ] as const) {
    const deadlineAt = performance.now() + timeoutMs;
    const found = runningOf(folder, name);
    if (found === undefined) return;
    signalQuietly(found.pid, signal);
    while (performance.now() < deadlineAt) {
      if (runningOf(folder, name) === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

/** The process may end between the look and the signal: that is what was wanted. */
function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code !== 'ESRCH') throw caught;
  }
}

function readPidFile(folder: string, name: string): PidFile | undefined {
  try {
    return PidFile.parse(JSON.parse(readFileSync(pidPath(folder, name), 'utf8')));
  } catch {
    // Not there, or not written by us: it names nothing we may touch.
    return undefined;
  }
}

function pidPath(folder: string, name: string): string {
  return join(folder, `${name}.pid`);
}
