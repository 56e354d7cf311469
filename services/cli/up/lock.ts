/** One `up` a folder. The lock is our own pid file: it ends with its process, however that ends. */
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removePidFile, runningOf, writePidFile } from './pid-files.ts';

const name = 'up';
/** Two that start at once race for this file; it is held for milliseconds. One that is older was left by a kill. */
const gateAgeMaxMs = 5_000;

export type Lock =
  | { readonly status: 'held'; release(): void }
  | { readonly status: 'taken'; readonly pid: number | undefined };

export function takeLock(runFolder: string): Lock {
  const gate = join(runFolder, 'up.starting');
  if (!openGate(gate)) return { status: 'taken', pid: undefined };
  try {
    const running = runningOf(runFolder, name);
    if (running !== undefined && running.pid !== process.pid) return { status: 'taken', pid: running.pid };
    // Any command line of ours holds the program it runs on.
    writePidFile(runFolder, { name, pid: process.pid, mark: 'up' });
  } finally {
    rmSync(gate, { force: true });
  }
  return { status: 'held', release: () => removePidFile(runFolder, name) };
}

export const lockName = name;

function openGate(gate: string): boolean {
  const age = Date.now() - (statSync(gate, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > gateAgeMaxMs) rmSync(gate, { force: true });
  try {
    closeSync(openSync(gate, 'wx'));
    return true;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw caught;
  }
}
