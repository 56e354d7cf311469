/** Who a pid is: pids are used again, so a process is known by when it started and by its command line too. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own words: equal for the same process, different for a later one. */
  readonly startedAt: string;
}

export interface RunningProcess extends ProcessIdentity {
  readonly commandLine: string;
}

/** The process that has this pid now; undefined when none does, or only one that has ended. */
export function processAt(pid: number): RunningProcess | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** Whether that very process still runs and its command line holds the mark. */
export function isRunning({ pid, startedAt }: ProcessIdentity, mark: string): boolean {
  const found = processAt(pid);
  return found !== undefined && found.startedAt === startedAt && found.commandLine.includes(mark);
}

/** Every process of this machine we may look at. */
export function allProcesses(): RunningProcess[] {
  return allPids()
    .map((pid) => processAt(pid))
    .filter((found) => found !== undefined);
}

function allPids(): number[] {
  if (process.platform === 'linux') return readdirSync('/proc').map(Number).filter(Number.isInteger);
  const { stdout } = spawnSync('ps', ['-axo', 'pid='], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .map((line) => Number(line.trim()))
    .filter((pid) => Number.isInteger(pid) && pid > 0);
}

function fromProc(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything: fields count from behind its last bracket. State is field 3, start 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    // One on its way out has let go of its memory before it is a zombie; the kernel's own threads never had any.
    if (commandLine === '') return undefined;
    return { pid, startedAt: `${boot}/${fields[19]}`, commandLine };
  } catch {
    // No such process, or it ended while we read.
    return undefined;
  }
}

function fromPs(pid: number): RunningProcess | undefined {
  const ask = (field: string) => spawnSync('ps', ['-ww', '-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' });
  const startedAt = ask('lstart').stdout?.trim() ?? '';
  const commandLine = ask('command').stdout?.trim() ?? '';
  return startedAt === '' ? undefined : { pid, startedAt, commandLine };
}
