/**
 * One nginx: started, or adopted when one already answers on the status socket; reloaded gracefully, and proven to have
 * been; stopped in stages. It outlives us on purpose: a sync that crashes takes no traffic down. It is found by whom
 * answers on its socket, so no process id on disk can ever name somebody else's process.
 */
import type { ChildProcess } from 'node:child_process';
import { open, readlink, rm } from 'node:fs/promises';
import type { Clock } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { Failure } from '../../std/failure.ts';
import { askLocal } from '../local-http.ts';
import { findProcess, listProcesses, type RunningProcess, signalProcess, untilGone } from '../process-list.ts';
import { startProgram } from '../start-program.ts';
import { parseStatus, type Status } from './observe.ts';

export interface NginxProcessOptions {
  readonly binary: string;
  readonly dataDirectory: string;
  readonly configPath: string;
  readonly statusSocketPath: string;
  /** What nginx prints and logs goes here. */
  readonly logPath: string;
  /** False: somebody else starts it (`nginx -c <file>`); we wait for it, adopt and reload it. */
  readonly startProcess: boolean;
  readonly clock: Clock;
}

export interface Workers {
  /** 0: the master is gone, and the workers serve on without one. */
  readonly master: number;
  readonly running: readonly number[];
  /** Replaced by a reload, finishing their last requests. */
  readonly leaving: readonly number[];
}

interface Awaited {
  readonly generation: string;
  /** Workers that must have stopped taking connections. */
  readonly before: readonly number[];
  /** Bytes of the log before it began: what nginx says of it comes after. */
  readonly logged: number;
}

/** A start takes 50 ms and a reload 100 ms on an idle machine; thousands of servers and a busy one take longer. */
const readyTimeoutMs = 15_000;
/** Short beside the start it waits for. */
const pollMs = 20;
/** In-flight requests may finish; nginx itself gives up on them after its `worker_shutdown_timeout`. */
const softStopMs = 5_000;
/** From SIGTERM to SIGKILL. */
const hardStopMs = 3_000;
/** Enough of nginx's last words for a person to see why it did not start. */
const logTailBytes = 2_000;

const workerTitle = 'nginx: worker process';
const masterTitle = 'nginx: master process';
const leavingTitle = 'nginx: worker process is shutting down';

export class NginxProcess {
  readonly #options: NginxProcessOptions;
  /** Set while the nginx that runs is our child; an adopted one has none. */
  #child: ChildProcess | undefined;

  constructor(options: NginxProcessOptions) {
    this.#options = options;
  }

  /** What the worker that happens to answer says; undefined when nobody listens there. */
  async status(): Promise<Status | undefined> {
    const { statusSocketPath: socketPath, clock } = this.#options;
    try {
      return parseStatus((await askLocal({ socketPath, path: '/-/revision', clock })).text);
    } catch (error) {
      if (error instanceof Failure && error.code === 'unavailable') return undefined;
      throw error;
    }
  }

  /** Our master and workers, those without a master included. */
  async workers(): Promise<Workers> {
    const answering = (await this.status())?.worker;
    const all = await listProcesses();
    const above = all.find(({ pid }) => pid === answering)?.parent;
    const master = all.find((one) => one.title.startsWith(masterTitle) && (one.pid === above || this.#isMaster(one)));
    const ours: RunningProcess[] = [];
    for (const one of all) {
      if (!one.title.startsWith(workerTitle)) continue;
      if (one.parent === master?.pid || (await this.#isOrphan(one))) ours.push(one);
    }
    const pids = (some: readonly RunningProcess[]) => some.map(({ pid }) => pid);
    return {
      master: master?.pid ?? 0,
      running: pids(ours.filter(({ title }) => !title.startsWith(leavingTitle))),
      leaving: pids(ours.filter(({ title }) => title.startsWith(leavingTitle))),
    };
  }

  /** Those of these processes that are still workers of an nginx. */
  async alive(pids: readonly number[]): Promise<number[]> {
    const found = await Promise.all(pids.map(findProcess));
    return pids.filter((_, at) => found[at]?.title.startsWith(workerTitle));
  }

  /** Starts it from the file and resolves once it says this generation. Throws `unavailable` with nginx's last words. */
  async start(generation: string): Promise<Workers> {
    const { binary, configPath, dataDirectory, statusSocketPath, logPath, startProcess } = this.#options;
    const logged = await sizeOf(logPath);
    if (startProcess) {
      await this.#endStrays();
      // nginx does not bind a socket whose file an earlier one left behind.
      await rm(statusSocketPath, { force: true });
      const args = ['-c', configPath, '-p', dataDirectory, '-e', logPath];
      // Its folder tells whose workers are whose.
      this.#child = startProgram({ binary, args, logPath, folder: dataDirectory });
    }
    return this.#until('start', { generation, before: [], logged });
  }

  /** Has the master replace its workers by ones that read the file anew. Throws when they did not take it. */
  async reload(generation: string): Promise<Workers> {
    const before = await this.workers();
    if (before.master === 0) return this.start(generation);
    const logged = await sizeOf(this.#options.logPath);
    signalProcess(before.master, 'SIGHUP');
    return this.#until('reload', { generation, before: before.running, logged });
  }

  /** In stages: finish what is in flight, then end, then kill. Safe to repeat. */
  async stop(): Promise<void> {
    for (const [signal, timeoutMs] of [
      ['SIGQUIT', softStopMs],
      ['SIGTERM', hardStopMs],
      ['SIGKILL', hardStopMs],
    ] as const) {
      const { master, running, leaving } = await this.workers();
      // Workers follow their master, unless it is gone or killed.
      const alone = master === 0 || signal === 'SIGKILL' ? [...running, ...leaving] : [];
      for (const pid of [master, ...alone]) if (pid !== 0) signalProcess(pid, signal);
      const gone = async () => {
        const now = await this.workers();
        return now.master === 0 && now.running.length + now.leaving.length === 0;
      };
      if (await untilGone({ gone, timeoutMs, clock: this.#options.clock })) return;
    }
    throw this.#failure('outlived SIGKILL', '');
  }

  /** An nginx of ours that cannot be reached: it finishes what it has, and holds our addresses no longer. */
  async #endStrays(): Promise<void> {
    const { master, running } = await this.workers();
    if (master === 0 && running.length === 0) return;
    for (const pid of master === 0 ? running : [master]) signalProcess(pid, 'SIGQUIT');
    const gone = async () => (await this.workers()).running.length === 0;
    if (!(await untilGone({ gone, timeoutMs: softStopMs, clock: this.#options.clock }))) await this.stop();
  }

  async #until(what: string, awaited: Awaited): Promise<Workers> {
    const { clock, logPath } = this.#options;
    const { generation, before, logged } = awaited;
    const deadlineAt = clock.monotonic() + readyTimeoutMs;
    while (clock.monotonic() < deadlineAt) {
      const status = await this.status();
      if (status?.generation === generation) {
        // Any worker may have answered: those of before must all have stopped taking connections too.
        const now = await this.workers();
        if (now.running.length > 0 && !now.running.some((pid) => before.includes(pid))) return now;
      }
      // The level of a line, not its words: nginx keeps what it has when it cannot take a file.
      if ((await readFrom(logPath, logged)).includes(' [emerg] ') || this.#exited()) break;
      await pause({ clock, delayMs: pollMs });
    }
    throw this.#failure(`did not ${what}`, (await readFrom(logPath, logged)).slice(-logTailBytes).trim());
  }

  #exited(): boolean {
    const child = this.#child;
    return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
  }

  #isMaster({ title }: RunningProcess): boolean {
    return title.startsWith(masterTitle) && title.includes(` -c ${this.#options.configPath} `);
  }

  /** A worker whose master is gone: its title does not say whose it is, the folder it was started in does. */
  async #isOrphan({ pid }: RunningProcess): Promise<boolean> {
    return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === this.#options.dataDirectory;
  }

  #failure(what: string, words: string): Failure {
    return new Failure({ code: 'unavailable', retryable: true, message: `nginx ${what}. ${words}`.trim() });
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** What was written to the file since it had this size. */
async function readFrom(path: string, position: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(Math.max(0, size - position), 1_000_000);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length + 1), length, position });
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
