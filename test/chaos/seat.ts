/** One process of the stage and what can be done to it. Whoever ends without being told to is noted, and started again. */
import type { ChildProcess } from 'node:child_process';

export interface Seated {
  /** Undefined where nobody can be told of its end. */
  readonly child?: ChildProcess;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

export interface UnaskedEnd {
  readonly name: string;
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a supervisor waits before it starts again whatever has ended. */
const restartAfterMs = 500;

export class Seat {
  readonly name: string;
  readonly unaskedEnds: UnaskedEnd[] = [];
  readonly #process: Seated;
  /** False while it is kept down, or has been told to stop. */
  #isWanted = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, process: Seated) {
    this.name = name;
    this.#process = process;
    this.#watch();
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Told to stop; resolves when it has. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async start(): Promise<void> {
    this.#isWanted = true;
    await this.#process.restart();
    this.#watch();
  }

  freeze(): Promise<void> {
    return this.#process.kill('SIGSTOP');
  }

  wake(): Promise<void> {
    return this.#process.kill('SIGCONT');
  }

  /** For good. */
  leave(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    await this.#process.kill(signal);
  }

  #watch(): void {
    const { child } = this.#process;
    child?.once('exit', (code, signal) => {
      if (!this.#isWanted) return;
      this.unaskedEnds.push({ name: this.name, at: Date.now(), code, signal });
      this.#timer = setTimeout(() => {
        void this.start();
      }, restartAfterMs);
    });
  }
}
