/**
 * The processes `up` started: starts each with its output in a file, starts again what ends by itself, and ends all in
 * the order they were stopped in. Each is a process group of its own: a Ctrl-C in the terminal reaches `up` alone, which
 * knows the order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backoffMs } from '../../../src/std/backoff.ts';
import { Failure, textOf } from '../../../src/std/failure.ts';
import { childMark } from '../run-service.ts';
import type { Folders } from './folders.ts';
import { removePidFile, writePidFile } from './pid-files.ts';

export interface ChildDefinition {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** What its command line holds and nobody else's does. */
  readonly mark: string;
  /** Settles once it works. A Node child of ours says so by IPC. */
  readonly ready: 'ipc' | (() => Promise<void>);
  readonly stopTimeoutMs: number;
}

export interface ChildrenOptions {
  readonly folders: Folders;
  /** Told of what ends by itself and is started again. */
  readonly onTrouble: (line: string) => void;
}

/** A cold machine reads a snapshot and compiles a few megabytes of JavaScript. */
const readyTimeoutMs = 60_000;
const killTimeoutMs = 5_000;
/** A child that ends at once each time is not started more often than this. */
const restartBackoff = { firstMs: 500, longestMs: 15_000 } as const;
/** A child that ran so long was well: its next start comes quickly again. */
const wellAfterMs = 30_000;
/** A log file past this is put aside at the next start; one older file is kept. */
const logBytesMax = 20 * 1024 * 1024;
const tailLines = 8;

interface Child {
  readonly definition: ChildDefinition;
  process: ChildProcess;
  startedAt: number;
  failures: number;
  restart: NodeJS.Timeout | undefined;
}

export class Children {
  readonly #options: ChildrenOptions;
  readonly #childByName = new Map<string, Child>();
  /** From the first request to stop on, nothing is started again. */
  #stopping = false;

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it works. What ends before that is a failure with the end of its output. */
  async start(definition: ChildDefinition): Promise<void> {
    if (this.#stopping)
      throw new Failure({ code: 'aborted', retryable: false, message: 'stopping: nothing is started' });
    const child: Child = {
      definition,
      process: this.#spawn(definition),
      startedAt: performance.now(),
      failures: 0,
      restart: undefined,
    };
    this.#childByName.set(definition.name, child);
    try {
      await this.#ready(child);
    } catch (caught) {
      const { name } = definition;
      const message = `${name} did not start: ${textOf(caught)}${tail(this.#logFile(name))}`;
      throw new Failure({ code: 'unavailable', retryable: true, message, cause: caught });
    }
    this.#watch(child);
  }

  /** Ends these, together; each gets its time, then is killed. */
  async stop(names: readonly string[]): Promise<void> {
    this.#stopping = true;
    await Promise.all(names.map((name) => this.#end(name)));
  }

  /** No goodbye: for a second Ctrl-C. Whole groups, so that what a child started goes with it. */
  kill(): void {
    this.#stopping = true;
    for (const { process: child, restart } of this.#childByName.values()) {
      clearTimeout(restart);
      if (child.pid !== undefined && isAlive(child)) signal(-child.pid, 'SIGKILL');
    }
  }

  #spawn({ name, program, args, mark, ready }: ChildDefinition): ChildProcess {
    const file = this.#logFile(name);
    setAside(file);
    const log = openSync(file, 'a');
    const child = spawn(program, args, {
      stdio: ready === 'ipc' ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      detached: true,
      env: { ...process.env, ...(ready === 'ipc' ? { [childMark]: '1' } : {}) },
    });
    closeSync(log);
    // Without a listener a program that is not there would end us; the exit that follows is what counts.
    child.on('error', () => undefined);
    if (child.pid === undefined) return child;
    try {
      writePidFile(this.#options.folders.run, { name, pid: child.pid, mark });
    } catch (caught) {
      // One that is not written down would be left behind by a kill.
      signal(-child.pid, 'SIGKILL');
      throw caught;
    }
    return child;
  }

  async #ready({ definition, process: child }: Child): Promise<void> {
    const { name, ready } = definition;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), readyTimeoutMs);
    const ended = once(child, 'exit', { signal: stop.signal }).then(([code, by]) => {
      throw new Failure({ code: 'unavailable', retryable: true, message: `it ended with ${String(by ?? code)}` });
    });
    const works = ready === 'ipc' ? once(child, 'message', { signal: stop.signal }) : ready();
    try {
      if (child.pid === undefined)
        throw new Failure({ code: 'unavailable', retryable: false, message: `no program ${definition.program}` });
      await Promise.race([works, ended]);
    } catch (caught) {
      if (!stop.signal.aborted) throw caught;
      throw new Failure({ code: 'timeout', retryable: true, message: `${name} said nothing for ${readyTimeoutMs} ms` });
    } finally {
      clearTimeout(timer);
      stop.abort();
      ended.catch(() => undefined);
      Promise.resolve(works).catch(() => undefined);
    }
  }

  #watch(child: Child): void {
    child.process.once('exit', (code, by) => this.#onExit(child, String(by ?? code)));
    if (!isAlive(child.process)) this.#onExit(child, 'nothing said');
  }

  #onExit(child: Child, how: string): void {
    if (this.#stopping || child.restart !== undefined) return;
    this.#startAgain(child, `ended (${how})`);
  }

  /** A disk that takes nothing keeps one from being started, too: that ends none of the others. */
  #startAgain(child: Child, what: string): void {
    const { name } = child.definition;
    child.failures = performance.now() - child.startedAt > wellAfterMs ? 1 : child.failures + 1;
    const delayMs = Math.round(backoffMs(restartBackoff, child.failures, Math.random()));
    this.#options.onTrouble(`${name} ${what}; starting it again in ${delayMs} ms, see ${this.#logFile(name)}`);
    child.restart = setTimeout(() => {
      child.restart = undefined;
      child.startedAt = performance.now();
      try {
        child.process = this.#spawn(child.definition);
      } catch (caught) {
        this.#startAgain(child, `could not be started (${textOf(caught)})`);
        return;
      }
      this.#watch(child);
    }, delayMs);
  }

  async #end(name: string): Promise<void> {
    const child = this.#childByName.get(name);
    if (child === undefined) return;
    clearTimeout(child.restart);
    for (const [by, timeoutMs] of [
      ['SIGTERM', child.definition.stopTimeoutMs],
      ['SIGKILL', killTimeoutMs],
    ] as const) {
      const { process: running } = child;
      if (running.pid === undefined || !isAlive(running)) break;
      const exit = once(running, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
      if (by === 'SIGKILL') this.#options.onTrouble(`${name} does not stop: killing it`);
      signal(by === 'SIGKILL' ? -running.pid : running.pid, by);
      await exit.catch(() => undefined);
    }
    removePidFile(this.#options.folders.run, name);
  }

  #logFile(name: string): string {
    return join(this.#options.folders.log, `${name}.log`);
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** It may end between the look and the signal: that is what was wanted. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code !== 'ESRCH') throw caught;
  }
}

function setAside(file: string): void {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(file, `${file}.1`);
}

function tail(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-tailLines);
    return ` (see ${file}):\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
  } catch {
    // It could not even be started: there is no output.
    return '';
  }
}
