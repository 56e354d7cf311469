/** What goes wrong and when, from the seed alone: the same seed, length and choice of faults give the same schedule. */
import { Chance } from '../simulation/world/chance.ts';
import { type FaultName, faultOf, type Lane } from './faults.ts';

export interface PlannedFault {
  readonly name: FaultName;
  readonly lane: Lane;
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly lastsMs: number;
  /** Of its own, for picking whom it hits. */
  readonly seed: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly names: readonly FaultName[];
}

/** Milliseconds from the end of one fault to the beginning of the next in its lane: time to come back, or nearly. */
const gaps: Readonly<Record<Lane, readonly [least: number, most: number]>> = {
  nats: [3_000, 12_000],
  coordinators: [2_000, 14_000],
  gateways: [5_000, 14_000],
  balancer: [4_000, 20_000],
};

/** In the order they begin. All are over by `forMs`. */
export function planChaos({ seed, forMs, names }: ScheduleOptions): PlannedFault[] {
  const planned: PlannedFault[] = [];
  for (const lane of Object.keys(gaps) as Lane[]) {
    const chance = new Chance(seed).fork(lane);
    const own = names.filter((name) => faultOf(name).lane === lane);
    const bag = own.flatMap((name) => Array.from({ length: faultOf(name).weight }, () => name));
    if (bag.length === 0) continue;
    for (let at = chance.between(...gaps[lane]); ; at += chance.between(...gaps[lane])) {
      const name = chance.pick(bag);
      const lastsMs = Math.round(chance.between(...faultOf(name).lasts));
      if (at + lastsMs > forMs) break;
      planned.push({ name, lane, at: Math.round(at), lastsMs, seed: chance.whole(0, 2 ** 31 - 1) });
      at += lastsMs;
    }
  }
  return planned.sort((a, b) => a.at - b.at);
}
