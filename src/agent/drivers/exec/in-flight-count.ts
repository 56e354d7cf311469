/**
 * What a driven gateway has in flight, by a command that prints the number: asked again and again while it drains, since
 * nobody needs it before. What cannot be read is not known, which is never taken for nothing.
 */
import type { Clock } from '../../../std/clock.ts';
import { pause } from '../../../std/deadline.ts';
import { Failure } from '../../../std/failure.ts';
import { runCommand } from './command.ts';

export interface InFlightCountOptions {
  /** The program and its arguments. Undefined: there is none, and nothing is ever known. */
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly clock: Clock;
}

/** As often as heartbeats tell it while a server drains; after more than any drain takes, as often as is no burden. */
const everyMs = 250;
const oftenMax = 240;
const rarelyEveryMs = 5_000;
/** A number out of a status page takes milliseconds; a command that hangs must not look like an old answer. */
const timeoutMs = 2_000;

export class InFlightCount {
  readonly #options: InFlightCountOptions;
  #last: number | undefined;
  /** Ends the asking under way. */
  #asking: AbortController | undefined;

  constructor(options: InFlightCountOptions) {
    this.#options = options;
  }

  /** By the last answer; undefined while it is not asked for, and where the last one was none. */
  get last(): number | undefined {
    return this.#last;
  }

  start(): void {
    const { command } = this.#options;
    if (command === undefined || this.#asking !== undefined) return;
    this.#asking = new AbortController();
    void this.#run(command, this.#asking.signal);
  }

  stop(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.#last = undefined;
  }

  /** Never rejects: only the signal ends it. */
  async #run(command: readonly string[], signal: AbortSignal): Promise<void> {
    const { environment, folder, clock } = this.#options;
    try {
      for (let asked = 1; !signal.aborted; asked += 1) {
        const { problem, output } = await runCommand({ command, environment, folder, timeoutMs, clock, signal });
        if (!signal.aborted) this.#last = problem === undefined ? countIn(output) : undefined;
        await pause({ clock, delayMs: asked < oftenMax ? everyMs : rarelyEveryMs, signal });
      }
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'aborted')) throw error;
    }
  }
}

/** The whole output is one number: more would be a guess. */
function countIn(output: string): number | undefined {
  const text = output.trim();
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
