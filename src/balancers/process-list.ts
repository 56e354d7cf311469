/**
 * The processes of this machine, and how to signal one. A process id alone is never trusted: whoever signals has just
 * seen its command line or its parent here.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Clock } from '../std/clock.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';

const execute = promisify(execFile);

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** The command line, or the title the program gave itself. */
  readonly title: string;
}

/** `ps` answers in milliseconds; a stuck one must not stop us for ever. */
const listTimeoutMs = 5_000;
/** Thousands of processes with long command lines. */
const listBytesMax = 16 * 1024 * 1024;
/** Short beside the stop it waits for. */
const pollMs = 20;

/** Every process, zombies aside. From /proc where there is one, since small containers have no `ps`; else from `ps`. */
export async function listProcesses(): Promise<RunningProcess[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  if (pids.length === 0) return listByPs();
  const found = await Promise.all(pids.map(readProcess));
  return found.filter((process) => process !== undefined);
}

/** One process, without looking at every other; undefined when it does not run. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  const found = await readProcess(pid);
  if (found !== undefined || (await readdir('/proc').catch(() => [])).length > 0) return found;
  return (await listByPs()).find((process) => process.pid === pid);
}

async function readProcess(pid: number): Promise<RunningProcess | undefined> {
  try {
    const [stat, line] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`)]);
    // The name in parentheses may hold anything, parentheses too; what follows it is numbers and letters.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const title = line.toString('utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), title };
  } catch {
    // Gone between the listing and the reading: not running.
    return undefined;
  }
}

async function listByPs(): Promise<RunningProcess[]> {
  const options = { timeout: listTimeoutMs, maxBuffer: listBytesMax };
  const { stdout } = await execute('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], options);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state, title] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (title === undefined || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), parent: Number(parent), title }];
  });
}

/** False when there is no such process. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw Failure.from(error, { code: 'io', retryable: false, message: `cannot signal process ${pid}` });
  }
}

/** True once `gone` says so, false after `timeoutMs`. */
export async function untilGone(options: {
  readonly gone: () => Promise<boolean>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}): Promise<boolean> {
  const { gone, timeoutMs, clock } = options;
  const deadlineAt = clock.monotonic() + timeoutMs;
  for (;;) {
    if (await gone()) return true;
    if (clock.monotonic() > deadlineAt) return false;
    await pause({ clock, delayMs: pollMs });
  }
}
