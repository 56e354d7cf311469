/**
 * One HAProxy in master-worker mode: started, or adopted when one already answers on the master's socket; reloaded
 * without a lost connection; stopped in stages. It outlives us on purpose: a sync that crashes takes no traffic down,
 * and the next one finds it by its socket, so no process id on disk can ever name somebody else's process.
 */
import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Clock } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { Failure } from '../../std/failure.ts';
import { listProcesses } from '../process-list.ts';
import { startProgram } from '../start-program.ts';
import { parseProcesses, type Processes } from './observe.ts';
import { ask } from './runtime-socket.ts';

export interface HaproxyProcessOptions {
  readonly binary: string;
  readonly configPath: string;
  readonly adminSocketPath: string;
  readonly masterSocketPath: string;
  /** What HAProxy prints goes here. */
  readonly logPath: string;
  /** False: somebody else starts it (`haproxy -W -S <master socket> -f <file>`); we wait for it, adopt and reload it. */
  readonly startProcess: boolean;
  readonly clock: Clock;
}

/** A start takes 50 ms and a reload 100 ms on an idle machine; thousands of servers and a busy one take longer. */
const readyTimeoutMs = 15_000;
/** Short beside the start it waits for. */
const pollMs = 20;
/** In-flight requests may finish; HAProxy itself gives up on them after its `hard-stop-after`. */
const softStopMs = 5_000;
/** From SIGTERM to SIGKILL. */
const hardStopMs = 3_000;
/** Enough of HAProxy's last words for a person to see why it did not start. */
const logTailBytes = 2_000;

export class HaproxyProcess {
  readonly #options: HaproxyProcessOptions;
  /** Set while the HAProxy that runs is our child; an adopted one has none. */
  #child: ChildProcess | undefined;

  constructor(options: HaproxyProcessOptions) {
    this.#options = options;
  }

  /** What the master says of itself and its workers; undefined when no master answers. */
  async processes(): Promise<Processes | undefined> {
    const { masterSocketPath: socketPath, clock } = this.#options;
    try {
      return parseProcesses(await ask({ socketPath, commands: ['show proc'], clock }));
    } catch (error) {
      const failure = Failure.from(error, { code: 'unavailable', retryable: true, message: 'show proc' });
      if (failure.code === 'unavailable') return undefined;
      throw failure;
    }
  }

  /** Starts it from the file and resolves once a worker answers. Throws `unavailable` with HAProxy's last words. */
  async start(): Promise<void> {
    const { binary, configPath, masterSocketPath, logPath, startProcess } = this.#options;
    if (startProcess) {
      const args = ['-W', '-S', `${masterSocketPath},mode,600`, '-f', configPath];
      this.#child = startProgram({ binary, args, logPath });
    }
    await this.#untilWorker('start', (now) => now.worker !== 0);
  }

  /** Has the master replace its worker by one that reads the file anew; listening sockets are handed over. */
  async reload(): Promise<void> {
    const before = await this.processes();
    if (before === undefined) return this.start();
    send(before.master, 'SIGUSR2');
    await this.#untilWorker('reload', (now) => {
      if (now.failedReloads > before.failedReloads) throw this.#failure('did not take its new file', '');
      return now.worker !== 0 && now.worker !== before.worker;
    });
  }

  /** In stages: finish what is in flight, then end, then kill. Safe to repeat. */
  async stop(): Promise<void> {
    const pid = await this.#master();
    if (pid === undefined || this.#exited()) return;
    for (const [signal, waitMs] of [
      ['SIGUSR1', softStopMs],
      ['SIGTERM', hardStopMs],
      ['SIGKILL', hardStopMs],
    ] as const) {
      // Workers follow their master, unless it is killed.
      if (signal === 'SIGKILL') for (const worker of await childrenOf(pid)) send(worker, signal);
      if (!send(pid, signal) || (await this.#gone(pid, waitMs))) return;
    }
    throw this.#failure('outlived SIGKILL', `process ${pid}`);
  }

  /** One that is frozen does not say who it is: then it is the one we started, if we did. */
  async #master(): Promise<number | undefined> {
    try {
      return (await this.processes())?.master ?? this.#child?.pid;
    } catch (error) {
      if (this.#child?.pid === undefined) throw error;
      return this.#child.pid;
    }
  }

  #exited(): boolean {
    const child = this.#child;
    return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
  }

  async #gone(pid: number, waitMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const deadlineAt = clock.monotonic() + waitMs;
    while (clock.monotonic() < deadlineAt) {
      if (this.#child?.pid === pid ? this.#exited() : !send(pid, 0)) return true;
      await pause({ clock, delayMs: pollMs });
    }
    return false;
  }

  async #untilWorker(what: string, ready: (now: Processes) => boolean): Promise<void> {
    const { clock, adminSocketPath, logPath } = this.#options;
    const deadlineAt = clock.monotonic() + readyTimeoutMs;
    while (clock.monotonic() < deadlineAt) {
      const now = await this.processes();
      // The worker is listed before it listens: it counts once it answers itself.
      if (now !== undefined && ready(now) && (await this.#answers(adminSocketPath, now.worker))) return;
      if (this.#exited()) break;
      await pause({ clock, delayMs: pollMs });
    }
    throw this.#failure(`did not ${what}`, await tail(logPath));
  }

  async #answers(socketPath: string, worker: number): Promise<boolean> {
    try {
      const text = await ask({ socketPath, commands: ['show info'], clock: this.#options.clock });
      return new RegExp(`^Pid: ${worker}$`, 'm').test(text);
    } catch (error) {
      if (error instanceof Failure && error.retryable) return false;
      throw error;
    }
  }

  #failure(what: string, words: string): Failure {
    return new Failure({ code: 'unavailable', retryable: true, message: `HAProxy ${what}. ${words}`.trim() });
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  return (await listProcesses()).filter(({ parent }) => parent === pid).map((child) => child.pid);
}

/** False when there is no such process. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw Failure.from(error, { code: 'io', retryable: false, message: `cannot signal HAProxy ${pid}` });
  }
}

async function tail(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(logTailBytes),
      position: Math.max(0, size - logTailBytes),
    });
    return buffer.subarray(0, bytesRead).toString('utf8').trim();
  } finally {
    await file.close();
  }
}
