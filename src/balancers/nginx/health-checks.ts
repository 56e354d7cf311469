/**
 * Asks each server for its readiness, since nginx has no checks of its own: a server that is frozen takes connections
 * and never answers, and passive failures notice that only by a time-out as long as the longest request.
 *
 * Promises: one round at a time, each question with a deadline. Must not know what follows from an answer.
 */
import { request } from 'node:http';
import type { Address } from '../../../schemas/ids.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import type { DesiredPool } from '../balancer.ts';

/** As HAProxy and Envoy are told to: every second, three failures in a row, one success. */
const everyMs = 1_000;
const failuresMin = 3;
const timeoutMs = 1_000;
const path = '/-/ready';

export interface HealthChecksOptions {
  readonly clock: Clock;
  /** Asked is who shall take new requests in one of these. */
  readonly pools: () => readonly DesiredPool[];
  /** Somebody's answer has changed what is known. Resolves with whether what follows is done; if not, it is asked again. */
  readonly onChange: () => Promise<boolean>;
}

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  /** Failures in a row, by address; absent: the last answer was good, or none was asked for. */
  #failuresByAddress = new Map<string, number>();
  /** What follows from the last change is not done. */
  #isOpen = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(everyMs, () => void this.#round().finally(() => this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The pool with weight 0 for whoever fails its checks, as long as somebody passes them: absence empties no pool. */
  restUnwell(pool: DesiredPool): DesiredPool {
    if (!pool.servers.some(({ admin, address }) => admin === 'ready' && this.#isWell(address))) return pool;
    const servers = pool.servers.map((one) => (this.#isWell(one.address) ? one : { ...one, weight: 0 }));
    return { ...pool, servers };
  }

  /** False: it has failed often enough in a row. Whoever was never asked counts as well. */
  #isWell(address: Address): boolean {
    return (this.#failuresByAddress.get(keyOf(address)) ?? 0) < failuresMin;
  }

  async #round(): Promise<void> {
    const servers = this.#options.pools().flatMap((pool) => pool.servers);
    const takers = servers.filter(({ admin }) => admin === 'ready');
    const answers = await Promise.all(takers.map(async ({ address }) => [address, await isReady(address)] as const));
    const before = this.#failuresByAddress;
    this.#failuresByAddress = new Map();
    let changed = false;
    for (const [address, ready] of answers) {
      const key = keyOf(address);
      const failures = ready ? 0 : (before.get(key) ?? 0) + 1;
      if (failures > 0) this.#failuresByAddress.set(key, failures);
      changed ||= (before.get(key) ?? 0) >= failuresMin !== failures >= failuresMin;
    }
    if ((!changed && !this.#isOpen) || this.#stopped) return;
    this.#isOpen = false;
    void this.#options.onChange().then((done) => {
      this.#isOpen = !done;
    });
  }
}

/** Never rejects: whatever is not a good answer is a failed check. A connection of its own each time, as a new client's. */
function isReady({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    // Who answers with another protocol (101) is cut off without an error.
    asked.on('close', () => resolve(false));
    asked.end();
  });
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
