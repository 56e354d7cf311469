/** A gateway that is played: what it serves, how long it takes to, what is in flight, and whether it is well. */
import type { AppliedProject, Driver, ProjectProblem, Serving } from '../../../src/agent/driver.ts';
import type { Address } from '../../../schemas/ids.ts';
import { pause } from '../../../src/std/deadline.ts';
import type { SimProcess } from '../world/process.ts';

/** Versions that never pass their health check. */
export const badVersion = 'bad';
const applyMs = { least: 1, most: 40 } as const;
/** How long the last requests take once no new ones come. */
const lingerMs = { most: 1_500 } as const;

export class PlayedDriver implements Driver {
  readonly name = 'played';
  readonly address: Address;
  served: readonly AppliedProject[] = [];
  serving: Serving = 'draining';
  /** Set by a fault: nothing passes its health check. */
  isSick = false;
  #drainingSince = 0;
  #lingersMs = 0;
  readonly #process: SimProcess;

  constructor(process: SimProcess, address: Address) {
    this.#process = process;
    this.address = address;
  }

  async start(): Promise<{ readonly address: Address }> {
    return { address: this.address };
  }

  async apply(set: readonly AppliedProject[], signal: AbortSignal): Promise<readonly ProjectProblem[]> {
    const { clock, chance } = this.#process;
    await pause({ clock, delayMs: chance.between(applyMs.least, applyMs.most), signal });
    const bad = set.filter(({ version, proven }) => version === badVersion && !proven);
    if (bad.length > 0) return bad.map(({ project }) => ({ project, text: 'its health check answered 500' }));
    this.served = set;
    return [];
  }

  async setServing(serving: Serving): Promise<void> {
    if (serving === 'draining' && this.serving === 'yes') {
      this.#drainingSince = this.#process.clock.monotonic();
      this.#lingersMs = this.#process.chance.next() * lingerMs.most;
    }
    this.serving = serving;
  }

  inFlight(): number {
    if (this.serving === 'yes') return this.served.length === 0 ? 0 : 1;
    return this.#process.clock.monotonic() - this.#drainingSince < this.#lingersMs ? 1 : 0;
  }

  async health(): Promise<readonly ProjectProblem[]> {
    if (!this.isSick) return [];
    return this.served.map(({ project }) => ({ project, text: 'it is sick' }));
  }

  async stop(): Promise<void> {
    this.served = [];
  }
}
