/**
 * One Envoy: started, or adopted when one already answers on its admin socket; asked there what it holds; stopped in
 * stages. It outlives us on purpose: a sync that crashes takes no traffic down. Its process is found by the bootstrap
 * file it was started from, so no process id on disk can ever name somebody else's.
 */
import type { ChildProcess } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import type { Clock } from '../../std/clock.ts';
import { pause } from '../../std/deadline.ts';
import { Failure } from '../../std/failure.ts';
import type { ObservedPoolServer } from '../balancer.ts';
import { askLocal } from '../local-http.ts';
import { listProcesses, signalProcess, untilGone } from '../process-list.ts';
import { startProgram } from '../start-program.ts';
import type { XdsForm } from './bootstrap.ts';
import { parseObserved, parseStatistics } from './observe.ts';

export interface EnvoyProcessOptions {
  readonly binary: string;
  readonly bootstrapPath: string;
  readonly adminSocketPath: string;
  /** As its bootstrap says: an Envoy started from another form's bootstrap is not ours to adopt. */
  readonly xds: XdsForm['xds'];
  /** What Envoy prints goes here. */
  readonly logPath: string;
  /** False: somebody else starts it (`envoy -c <bootstrap>`); we wait for it and adopt it. */
  readonly startProcess: boolean;
  readonly clock: Clock;
}

/** A start takes half a second on an idle machine, its first health checks two more at most; a busy one takes longer. */
const readyTimeoutMs = 30_000;
const pollMs = 20;
/** In-flight requests may finish. */
const softStopMs = 5_000;
/** From SIGTERM to SIGKILL. */
const hardStopMs = 3_000;
/** Enough of Envoy's last words for a person to see why it did not start. */
const logTailBytes = 2_000;

export class EnvoyProcess {
  readonly #options: EnvoyProcessOptions;
  /** Set while the Envoy that runs is our child; an adopted one has none. */
  #child: ChildProcess | undefined;

  constructor(options: EnvoyProcessOptions) {
    this.#options = options;
  }

  /** Whether it takes requests, and looks where we put things; false when nobody answers. */
  async answers(): Promise<boolean> {
    const { state, xds } = await this.#info();
    return state === 'LIVE' && xds === this.#options.xds;
  }

  /** Whether one is there that holds our addresses, though it may look elsewhere, or not answer. */
  async runs(): Promise<boolean> {
    return (await this.#pids()).length > 0 || (await this.#info()).state !== undefined;
  }

  /**
   * Whether it logs what it refuses. While nobody reads, it is to say only what is worse: with our server away it would
   * write a line for each question that is not answered, for ever. Nothing to do where it does not answer.
   */
  async logRefusals(wanted: boolean): Promise<void> {
    const level = wanted ? 'warning' : 'error';
    await this.#post(`/logging?config=${level}`);
  }

  /** Servers by cluster, as Envoy holds them. Throws `unavailable` when it does not answer. */
  async observe(): Promise<Map<string, ObservedPoolServer[]>> {
    const [dump, clusters] = await Promise.all([
      this.#get('/config_dump?include_eds&resource=dynamic_endpoint_configs'),
      this.#get('/clusters?format=json'),
    ]);
    return parseObserved(dump, clusters);
  }

  /** Which versions it took and what it refused, by name. */
  async statistics(): Promise<Map<string, string>> {
    return parseStatistics(await this.#get('/stats?filter=version_text|update_rejected'));
  }

  /** Starts it from its files and resolves once it takes requests. Throws `unavailable` with Envoy's last words. */
  async start(): Promise<void> {
    const { binary, bootstrapPath, adminSocketPath, logPath, startProcess, clock } = this.#options;
    if (startProcess) {
      // One that runs and does not answer holds our addresses.
      await this.stop();
      await rm(adminSocketPath, { force: true });
      const args = ['-c', bootstrapPath, '--disable-hot-restart', '--log-level', 'warning'];
      this.#child = startProgram({ binary, args, logPath });
    }
    const deadlineAt = clock.monotonic() + readyTimeoutMs;
    while (clock.monotonic() < deadlineAt) {
      if (await this.answers()) return;
      if (this.#exited() || (!startProcess && (await this.#looksElsewhere()))) break;
      await pause({ clock, delayMs: pollMs });
    }
    if (await this.#looksElsewhere()) throw this.failure(`runs with another xds form: restart it on ${bootstrapPath}`);
    throw this.failure(`did not start. ${await this.lastWords()}`.trim());
  }

  /** In stages: take nothing new and finish what is in flight, then end, then kill. Safe to repeat. */
  async stop(): Promise<void> {
    const { clock } = this.#options;
    if ((await this.#pids()).length === 0) return;
    if (await this.#post('/drain_listeners')) {
      const gone = async () => (await this.#inFlight()) === 0;
      await untilGone({ gone, timeoutMs: softStopMs, clock });
    }
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const pid of await this.#pids()) signalProcess(pid, signal);
      const gone = async () => (await this.#pids()).length === 0;
      if (await untilGone({ gone, timeoutMs: hardStopMs, clock })) return;
    }
    throw this.failure('outlived SIGKILL');
  }

  /** Those started from our bootstrap. */
  async #pids(): Promise<number[]> {
    const mark = ` -c ${this.#options.bootstrapPath} `;
    return (await listProcesses()).filter(({ title }) => `${title} `.includes(mark)).map(({ pid }) => pid);
  }

  /** The end of its log. */
  async lastWords(): Promise<string> {
    const file = await open(this.#options.logPath, 'r').catch(() => undefined);
    if (file === undefined) return '';
    try {
      const { size } = await file.stat();
      const position = Math.max(0, size - logTailBytes);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(logTailBytes), position });
      return buffer.subarray(0, bytesRead).toString('utf8').trim();
    } finally {
      await file.close();
    }
  }

  failure(what: string): Failure {
    return new Failure({ code: 'unavailable', retryable: true, message: `Envoy ${what}` });
  }

  async #looksElsewhere(): Promise<boolean> {
    const { state, xds } = await this.#info();
    return state === 'LIVE' && xds !== this.#options.xds;
  }

  async #info(): Promise<{ state?: string | undefined; xds?: string }> {
    try {
      const text = await this.#get('/server_info');
      const xds = /"metadata": \{\s*"xds": "([a-z]+)"/.exec(text)?.[1] ?? 'files';
      return { state: /"state": "([A-Z_]+)"/.exec(text)?.[1], xds };
    } catch (error) {
      if (error instanceof Failure && error.code === 'unavailable') return {};
      throw error;
    }
  }

  /** False where nobody answers. */
  async #post(path: string): Promise<boolean> {
    const { adminSocketPath: socketPath, clock } = this.#options;
    try {
      await askLocal({ socketPath, path, method: 'POST', clock });
      return true;
    } catch (error) {
      if (error instanceof Failure && error.retryable) return false;
      throw error;
    }
  }

  /** 0 where nobody answers: then nothing is left to wait for. */
  async #inFlight(): Promise<number> {
    try {
      const gauges = parseStatistics(await this.#get('/stats?filter=^http\\.in_.*\\.downstream_rq_active$'));
      return [...gauges.values()].reduce((sum, value) => sum + Number(value), 0);
    } catch (error) {
      if (error instanceof Failure && error.retryable) return 0;
      throw error;
    }
  }

  async #get(path: string): Promise<string> {
    const { adminSocketPath: socketPath, clock } = this.#options;
    const { status, text } = await askLocal({ socketPath, path, clock });
    if (status !== 200) throw this.failure(`answered ${status} to ${path}: ${text.slice(0, 200)}`);
    return text;
  }

  #exited(): boolean {
    const child = this.#child;
    return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
  }
}
