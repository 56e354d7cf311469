/** Coordinators that can be killed, frozen and stopped: each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Timing } from '../../src/coordinator/timing.ts';
import { natsReplicas } from './nats-choice.ts';
import type { ChildOptions } from './coordinator-child.ts';

export interface CoordinatorProcess {
  readonly instance: string;
  readonly process: ChildProcess;
  /** Sends the signal and, for those that end a process, waits until it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface CoordinatorProcessesOptions {
  readonly url: string;
  readonly fleets: readonly string[];
  readonly timing: Partial<Timing>;
  readonly replicas?: number;
}

export class CoordinatorProcesses {
  readonly #options: CoordinatorProcessesOptions;
  readonly #running: CoordinatorProcess[] = [];
  readonly #folders: string[] = [];

  constructor(options: CoordinatorProcessesOptions) {
    this.#options = options;
  }

  /** Resolves when it has read the log and follows. */
  async start(instance: string, url = this.#options.url): Promise<CoordinatorProcess> {
    const { fleets, timing, replicas = natsReplicas() } = this.#options;
    const dataDirectory = await mkdtemp(join(tmpdir(), `muster-${instance}-`));
    this.#folders.push(dataDirectory);
    const options: ChildOptions = { url, fleets, timing, replicas, instance, dataDirectory };
    const script = fileURLToPath(new URL('coordinator-child.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const started = {
      instance,
      process: child,
      async kill(signal: NodeJS.Signals) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill(signal);
        if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await gone;
      },
    };
    this.#running.push(started);
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${instance} ended with ${code}`)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((each) => each.kill('SIGKILL')));
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}
