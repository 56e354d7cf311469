/** A balancer's machine: the production pool sync with a balancer that is played. */
import type { BalancerId, GroupId } from '../../../schemas/ids.ts';
import type { DesiredPool } from '../../../src/balancers/balancer.ts';
import { PoolSync } from '../../../src/pool-sync/pool-sync.ts';
import { textOf } from '../../../src/std/failure.ts';
import type { SimProcess } from '../world/process.ts';
import { fleet, type Stage } from '../world/stage.ts';
import { PlayedBalancer } from './played-balancer.ts';
import { Seat } from './seat.ts';

export class BalancerSeat extends Seat {
  readonly balancer: BalancerId;
  driver: PlayedBalancer | undefined;
  /** Told of each pool it begins to spread traffic over, and in which life. */
  onPool: (process: SimProcess, pool: DesiredPool) => void = () => undefined;
  /** Told of each group it was told is no more. */
  onRemoved: (process: SimProcess, group: GroupId) => void = () => undefined;
  #sync: PoolSync | undefined;

  constructor(balancer: BalancerId, stage: Stage) {
    super(balancer, stage);
    this.balancer = balancer;
  }

  stop(): void {
    const { process } = this;
    const sync = this.#sync;
    if (process === undefined || sync === undefined) return;
    process.enter(() => {
      void sync.stop().then(() => this.ended(process, 'has stopped'));
    });
  }

  protected live(process: SimProcess): void {
    const driver = new PlayedBalancer(process, {
      onPool: (pool) => this.onPool(process, pool),
      onRemoved: (group) => this.onRemoved(process, group),
    });
    this.driver = driver;
    const { clock, logger, chance } = process;
    const sync = new PoolSync({
      fleet,
      balancer: this.balancer,
      groups: 'all',
      driver,
      disk: this.disk.poolsFor(process),
      openBus: (signal) => this.openBus(process, `bal_${this.balancer}`, signal),
      clock,
      random: chance.next,
      logger,
    });
    sync.start().then(
      () => {
        if (this.process === process) this.#sync = sync;
      },
      (error: unknown) => this.stage.story.fail(`${process.name} did not start: ${textOf(error)}`),
    );
  }

  protected override died(): void {
    this.driver = undefined;
    this.#sync = undefined;
  }
}
