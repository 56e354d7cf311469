/** A balancer that is played: the pools it spreads traffic over, in memory, told and read back as any other's. */
import type {
  AppliedPool,
  Balancer,
  DesiredPool,
  ObservedPool,
  ObservedPoolServer,
} from '../../../src/balancers/balancer.ts';
import type { GroupId } from '../../../schemas/ids.ts';
import { pause } from '../../../src/std/deadline.ts';
import { Failure } from '../../../src/std/failure.ts';
import type { SimProcess } from '../world/process.ts';

const applyMs = { least: 0.5, most: 15 } as const;

/** Told of each pool it spreads traffic over from now on, and of each group it has no more. */
export interface PoolListener {
  readonly onPool: (pool: DesiredPool) => void;
  readonly onRemoved: (group: GroupId) => void;
}

export class PlayedBalancer implements Balancer {
  readonly kind = 'haproxy';
  readonly poolByGroup = new Map<GroupId, DesiredPool>();
  /** Set by a fault: it answers nothing. */
  isStuck = false;
  readonly #process: SimProcess;
  readonly #listener: PoolListener;
  readonly #onRestart = new Set<() => void>();

  constructor(process: SimProcess, listener: PoolListener) {
    this.#process = process;
    this.#listener = listener;
  }

  async start(pools: readonly DesiredPool[]): Promise<void> {
    for (const pool of pools) this.#take(pool);
  }

  async apply(pool: DesiredPool): Promise<AppliedPool> {
    const { clock, chance } = this.#process;
    await pause({ clock, delayMs: chance.between(applyMs.least, applyMs.most) });
    this.#assertAnswers();
    this.#take(pool);
    return { ...(this.#observed(pool.group) as ObservedPool), settled: true };
  }

  async remove(group: GroupId): Promise<void> {
    const { clock, chance } = this.#process;
    await pause({ clock, delayMs: chance.between(applyMs.least, applyMs.most) });
    this.#assertAnswers();
    this.poolByGroup.delete(group);
    this.#listener.onRemoved(group);
  }

  async readBack(group: GroupId): Promise<ObservedPool | undefined> {
    this.#assertAnswers();
    return this.#observed(group);
  }

  onRestart(listener: () => void): () => void {
    this.#onRestart.add(listener);
    return () => this.#onRestart.delete(listener);
  }

  async stop(): Promise<void> {
    this.poolByGroup.clear();
  }

  /** The program was killed and is back, empty. */
  loseMemory(): void {
    this.poolByGroup.clear();
    for (const listener of this.#onRestart) this.#process.enter(listener);
  }

  #take(pool: DesiredPool): void {
    this.poolByGroup.set(pool.group, pool);
    this.#listener.onPool(pool);
  }

  #observed(group: GroupId): ObservedPool | undefined {
    const pool = this.poolByGroup.get(group);
    if (pool === undefined) return undefined;
    const servers = pool.servers.map((server): ObservedPoolServer => ({ ...server, healthy: true, inFlight: 0 }));
    return { group, listen: 'http://127.0.0.1:8080', servers };
  }

  #assertAnswers(): void {
    if (!this.isStuck) return;
    throw new Failure({ code: 'unavailable', retryable: true, message: 'the balancer does not answer' });
  }
}
