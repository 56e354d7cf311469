/**
 * Drives any gateway there is: a command gets the unpacked projects in a folder and makes the gateway serve them.
 * This is how nginx, Kong or anything else becomes a Muster server.
 *
 * The command runs with, beside this process's own environment,
 * - `MUSTER_SET`: a folder with one subfolder per project, and `.muster-set.json`, a list of project, version, digest;
 * - `MUSTER_SERVER`: this server's name; `MUSTER_SERVING`: `yes` or `draining`.
 * It is run again whenever the set or `MUSTER_SERVING` changes, one at a time, and must be harmless to repeat. It ends
 * with 0 once the gateway serves exactly this set. Ending with anything else fails every project that has not worked
 * here before, unless it printed lines `failed <project> <why>`: then only those. The last good set is given next.
 * What a deployment probes is then asked of the gateway itself, and fails its project alike.
 *
 * Weaker than the built-in gateway: requests in flight are known to it only by a command that prints their number. Without
 * one they are not known, and said so: a drain then waits for the balancers' own counts, or for its deadline.
 */
import { resolve } from 'node:path';
import type { ServerId } from '../../../../schemas/ids.ts';
import type { Clock } from '../../../std/clock.ts';
import { Failure } from '../../../std/failure.ts';
import type { AppliedProject, Driver, ProjectProblem, Serving } from '../../driver.ts';
import { healthCheck, probeCheck } from '../../health-checks.ts';
import { type CommandEnd, runCommand } from './command.ts';
import { checkUrl } from './health.ts';
import { InFlightCount } from './in-flight-count.ts';
import { makeSetFolder, removeOldSetFolders } from './set-folder.ts';

export interface ExecDriverOptions {
  readonly server: ServerId;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Prints how many requests are in flight. Default: nobody knows. */
  readonly inFlightCommand?: readonly string[];
  /** Answers 2xx while the gateway works. Default: it is taken to work. */
  readonly healthUrl?: string;
  /** Scheme, host and port at which the driven gateway is asked what deployments probe. */
  readonly origin: string;
  readonly dataDirectory: string;
  /** Default: 60,000 ms: a reload of a large configuration. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

const timeoutDefaultMs = 60_000;

export class ExecDriver implements Driver {
  readonly name = 'exec';
  readonly #options: ExecDriverOptions;
  readonly #folder: string;
  #set: readonly AppliedProject[] = [];
  #setFolder: string | undefined;
  /** What the command is told. */
  #serving: Serving = 'draining';
  /** What it was told and took; undefined: it failed, so that nobody knows what the gateway goes by. */
  #told: Serving | undefined = 'draining';
  readonly #stop = new AbortController();
  readonly #count: InFlightCount;

  constructor(options: ExecDriverOptions) {
    this.#options = options;
    // Absolute: the command may change its folder.
    this.#folder = resolve(options.dataDirectory, 'sets');
    const { inFlightCommand: command, server, dataDirectory: folder, clock } = options;
    this.#count = new InFlightCount({ command, environment: { MUSTER_SERVER: server }, folder, clock });
  }

  start(): Promise<Record<string, never>> {
    // The gateway may have outlived an agent that drained it.
    if (this.#serving === 'draining') this.#count.start();
    return Promise.resolve({});
  }

  async apply(set: readonly AppliedProject[], signal: AbortSignal): Promise<readonly ProjectProblem[]> {
    const folder = await this.#makeFolder(set);
    const { problem, output } = await this.#run({ folder, serving: this.#serving, signal });
    if (problem !== undefined) {
      const problems = blamed(set, output);
      if (problems.length > 0) return problems;
      throw failed(`${problem}: ${output.trim()}`);
    }
    const isAllProven = set.every(({ proven }) => proven);
    const text = isAllProven ? undefined : await this.#check(signal);
    if (text !== undefined) throw failed(text);
    const unanswered = await this.#probe(
      set.filter(({ proven }) => !proven),
      signal,
    );
    if (unanswered.length > 0) return unanswered;
    this.#set = set;
    this.#setFolder = folder;
    this.#told = this.#serving;
    return [];
  }

  async setServing(serving: Serving): Promise<void> {
    if (serving === this.#told) return;
    this.#serving = serving;
    if (serving === 'draining') this.#count.start();
    else this.#count.stop();
    if (this.#setFolder !== undefined) {
      this.#told = undefined;
      const { problem, output } = await this.#run({ folder: this.#setFolder, serving, signal: this.#stop.signal });
      if (problem !== undefined) throw failed(`${problem}: ${output.trim()}`);
    }
    this.#told = serving;
  }

  inFlight(): number | undefined {
    return this.#count.last;
  }

  /** The gateway answers as a whole: when it does not, no project is served. */
  async health(signal: AbortSignal): Promise<readonly ProjectProblem[]> {
    const text = await this.#check(signal);
    if (text !== undefined) return this.#set.map(({ project }) => ({ project, text }));
    return this.#probe(this.#set, signal);
  }

  stop(): Promise<void> {
    this.#stop.abort();
    this.#count.stop();
    return Promise.resolve();
  }

  async #makeFolder(set: readonly AppliedProject[]): Promise<string> {
    try {
      const folder = await makeSetFolder(this.#folder, set);
      // Here, and not once a set was taken: one that fails is tried again, for days where nobody mends it.
      await removeOldSetFolders(this.#folder, this.#setFolder);
      return folder;
    } catch (error) {
      const message = `could not make a folder for a set in ${this.#folder}`;
      throw Failure.from(error, { code: 'io', retryable: true, message });
    }
  }

  #run({ folder, serving, signal }: { folder: string; serving: Serving; signal: AbortSignal }): Promise<CommandEnd> {
    const { command, server, clock, timeoutMs = timeoutDefaultMs } = this.#options;
    const environment = { MUSTER_SET: folder, MUSTER_SERVER: server, MUSTER_SERVING: serving };
    return runCommand({ command, environment, folder, timeoutMs, clock, signal });
  }

  #check(signal: AbortSignal): Promise<string | undefined> {
    const { healthUrl: url, clock } = this.#options;
    return url === undefined ? Promise.resolve(undefined) : checkUrl({ ...healthCheck, url, clock, signal });
  }

  /** Of these projects, those whose probe is not answered. */
  async #probe(set: readonly AppliedProject[], signal: AbortSignal): Promise<ProjectProblem[]> {
    const { origin, clock } = this.#options;
    const problems: ProjectProblem[] = [];
    for (const { project, probe } of set) {
      if (probe === undefined) continue;
      const text = await checkUrl({ ...probeCheck(probe), url: origin + probe.path, clock, signal });
      if (text !== undefined) problems.push({ project, text });
    }
    return problems;
  }
}

function failed(message: string): Failure {
  return new Failure({ code: 'driver-failed', retryable: true, message });
}

/** The projects a command named in lines `failed <project> <why>`. */
function blamed(set: readonly AppliedProject[], output: string): ProjectProblem[] {
  const lines = output.split('\n').map((line) => /^failed ([^ ]+)(?: (.*))?$/.exec(line.trim()));
  return set.flatMap(({ project }) => {
    const line = lines.find((found) => found?.[1] === project);
    return line ? [{ project, text: line[2] ?? 'the command refused it' }] : [];
  });
}
