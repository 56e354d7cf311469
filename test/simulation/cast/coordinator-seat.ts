/** A coordinator's machine. Its program is the production one, assembled as the service assembles it. */
import { GroupName, LogId } from '../../../schemas/ids.ts';
import { Coordinator } from '../../../src/coordinator/coordinator.ts';
import { prepare } from '../../../src/coordinator/preparation.ts';
import { defaultTiming, type Timing } from '../../../src/coordinator/timing.ts';
import { Failure, textOf } from '../../../src/std/failure.ts';
import { newToken } from '../../../src/std/token.ts';
import type { SimProcess } from '../world/process.ts';
import { fleet } from '../world/stage.ts';
import { Seat } from './seat.ts';

/** As on one server, but for the patience of a cluster, whose faults it sees; with snapshots and housekeeping often enough to matter in a story of half a minute. */
export const timing: Timing = {
  ...defaultTiming(1),
  regressPatienceMs: 15_000,
  housekeepingMs: 2_000,
  snapshotEvery: 40,
};
const seedGroups = [GroupName.parse('Production'), GroupName.parse('Development')];
/** What only a person can mend: it does not start again by itself. */
const final: ReadonlySet<string> = new Set(['log-broken', 'log-regressed', 'stream-mismatch']);

export class CoordinatorSeat extends Seat {
  coordinator: Coordinator | undefined;
  /** What ended it for good. */
  verdict: Failure | undefined;

  /** A clean stop: it hands over, and is started again. */
  stop(): void {
    const { process, coordinator } = this;
    if (process === undefined || coordinator === undefined) return;
    process.enter(() => void coordinator.stop());
  }

  protected live(process: SimProcess): void {
    void this.#main(process).then((failure) => {
      if (failure === undefined) return this.ended(process, 'has stopped');
      this.stage.story.tell(process.name, 'ended', { code: failure.code, reason: failure.message });
      if (final.has(failure.code)) this.verdict = failure;
      this.ended(process, 'has ended');
    });
  }

  override startLater(): void {
    if (this.verdict === undefined) super.startLater();
  }

  protected override died(): void {
    this.coordinator = undefined;
  }

  async #main(process: SimProcess): Promise<Failure | undefined> {
    const { clock, logger, chance } = process;
    try {
      const bus = await this.openBus(process, 'coordinator');
      const { names, durability } = await prepare({
        bus,
        fleet,
        replicas: 1,
        monitorUrls: [],
        allowNotDurable: true,
        logger,
      });
      const coordinator = await Coordinator.start({
        bus,
        fleet,
        names,
        durability,
        instance: `${process.name}-${newToken(chance.next)}`,
        newLogId: () => LogId.parse(newToken(chance.next)),
        seedGroups,
        highMark: this.disk.highMarkFor(process),
        clock,
        random: chance.next,
        timing,
        logger,
      });
      this.coordinator = coordinator;
      return await coordinator.ended;
    } catch (error) {
      if (error instanceof Failure) return error;
      this.stage.story.fail(`${process.name} has a bug: ${error instanceof Error ? error.stack : textOf(error)}`);
      return undefined;
    }
  }
}
