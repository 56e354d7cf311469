/** One process of coordinators, as `coordinator run` makes it, but with times of the test's choice: see its neighbour. */
import { FleetId } from '../../schemas/ids.ts';
import { FleetShares } from '../../src/coordinator/fleet-shares.ts';
import { defaultTiming, type Timing } from '../../src/coordinator/timing.ts';
import { systemClock } from '../../src/std/clock.ts';
import { startCoordinator } from './coordinators.ts';

export interface ChildOptions {
  readonly url: string;
  readonly fleets: readonly string[];
  readonly instance: string;
  readonly dataDirectory: string;
  readonly replicas: number;
  readonly timing: Partial<Timing>;
}

const { fleets, timing, replicas, ...common } = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const { leaderBeatMs: beatMs, rebalanceMs } = { ...defaultTiming(replicas), ...timing };
const shares = new FleetShares({ clock: systemClock, random: Math.random, beatMs, rebalanceMs });
const started = await Promise.all(
  fleets.map((fleet) => startCoordinator({ ...common, fleet: FleetId.parse(fleet), replicas, timing, shares })),
);
process.once('SIGTERM', () => {
  void Promise.all(started.map((one) => one.stop())).then(() => process.exit(0));
});
process.once('disconnect', () => process.exit(1));
process.send?.('ready');
