/**
 * One life of one program: its clock, its chance, and whether it runs. What reaches a frozen one waits; what reaches a
 * dead one is lost, and what it still says goes nowhere.
 */
import type { Clock } from '../../../src/std/clock.ts';
import type { Logger } from '../../../src/telemetry/logger.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

/** When every story begins, milliseconds since the epoch. */
export const epoch = 1_800_000_000_000;

export interface ProcessOptions {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly story: Story;
  /** Milliseconds its wall clock is ahead of the truth; may be negative. */
  readonly skewMs: number;
}

export class SimProcess {
  readonly name: string;
  readonly chance: Chance;
  readonly clock: Clock;
  readonly logger: Logger;
  skewMs: number;
  /** The highest sequence of LOG it may know of: by an ack of its own, or by having read it. */
  knownLogSequence = 0;
  #status: 'running' | 'frozen' | 'dead' = 'running';
  readonly #scheduler: Scheduler;
  readonly #story: Story;
  /** What came while it was frozen. */
  #timers: (() => void)[] = [];
  #inbound: (() => void)[] = [];
  readonly #onDeath = new Set<() => void>();

  constructor({ name, scheduler, chance, story, skewMs }: ProcessOptions) {
    this.name = name;
    this.chance = chance;
    this.skewMs = skewMs;
    this.#scheduler = scheduler;
    this.#story = story;
    this.clock = this.#makeClock();
    this.logger = story.loggerOf(name);
  }

  get isDead(): boolean {
    return this.#status === 'dead';
  }
  get isFrozen(): boolean {
    return this.#status === 'frozen';
  }

  /** Runs its code with what came from outside: at once, on waking, or never. */
  enter(run: () => void): void {
    if (this.#status === 'frozen') this.#inbound.push(run);
    else this.#run(run);
  }

  freeze(): void {
    if (this.#status === 'running') this.#status = 'frozen';
  }

  /** Everything that came meanwhile comes now: what was due first, or what was in its buffers, as an event loop has it. */
  wake(): void {
    if (this.#status !== 'frozen') return;
    this.#status = 'running';
    const [timers, inbound] = [this.#timers, this.#inbound];
    this.#timers = [];
    this.#inbound = [];
    const all = this.chance.happens(0.7) ? [...timers, ...inbound] : [...inbound, ...timers];
    for (const run of all) this.#scheduler.at(this.#scheduler.now, () => this.enter(run));
  }

  kill(): void {
    this.#status = 'dead';
    this.#timers = [];
    this.#inbound = [];
    for (const run of this.#onDeath) run();
    this.#onDeath.clear();
  }

  /** Returns how to stop caring. */
  onDeath(run: () => void): () => void {
    this.#onDeath.add(run);
    return () => this.#onDeath.delete(run);
  }

  #run(run: () => void): void {
    if (this.#status === 'dead') return;
    this.#scheduler.entered();
    try {
      run();
    } catch (error) {
      this.#story.fail(`${this.name} threw: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  #due(run: () => void): void {
    if (this.#status === 'frozen') this.#timers.push(run);
    else this.#run(run);
  }

  #makeClock(): Clock {
    const scheduler = this.#scheduler;
    const upMs = Math.floor(this.chance.between(1_000, 100_000));
    return {
      now: () => Math.floor(epoch + scheduler.now + this.skewMs),
      monotonic: () => upMs + scheduler.now,
      after: (delayMs, run) => {
        let isCancelled = false;
        const entry = scheduler.at(scheduler.now + Math.max(0, delayMs), () => {
          this.#due(() => {
            if (!isCancelled) run();
          });
        });
        const cancel = () => {
          isCancelled = true;
          entry.run = undefined;
        };
        return { cancel };
      },
      soon: (run) => void scheduler.at(scheduler.now, () => this.#due(run)),
    };
  }
}
