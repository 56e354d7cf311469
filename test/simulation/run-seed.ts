/** One story from one seed: it begins, goes wrong, is left alone, and has to come to rest. */
import type { Sync } from './nats/server.ts';
import { divergedIn } from './oracle/folds.ts';
import { unrestIn } from './oracle/rest.ts';
import { rot } from './world/rot.ts';
import { type FaultName, faultNames, type PlannedFault, planFaults } from './world/faults.ts';
import { Story } from './world/story.ts';
import { wish } from './world/wishes.ts';
import type { Mutation } from './world/world.ts';
import { World } from './world/world.ts';

export interface SeedOptions {
  readonly seed: number;
  /** Default: all. */
  readonly faults?: readonly FaultName[] | undefined;
  /** Numbers of the planned faults that happen. Default: every one. */
  readonly only?: readonly number[] | undefined;
  readonly mutation?: Mutation | undefined;
  /** When NATS syncs what it acknowledges. Default: always. */
  readonly sync?: Sync | undefined;
  /** At the end a bit of the log flips while nobody runs. Default: false. */
  readonly rots?: boolean | undefined;
  /** Keeps what happened. Default: false. */
  readonly isTold?: boolean | undefined;
}

export interface SeedResult {
  readonly seed: number;
  /** Undefined: nothing happened that must not. */
  readonly failure: string | undefined;
  readonly lines: readonly string[];
  readonly plan: readonly PlannedFault[];
  readonly steps: number;
  /** Of the log, at the end. */
  readonly position: number;
  /** Records of the log that a power cut took back. */
  readonly lost: number;
  /** A digest of everything that was stored: the same for the same seed. */
  readonly digest: string;
  /** Simulated milliseconds from the last fault to rest. */
  readonly restMs: number;
}

/** Simulated milliseconds in which faults happen. */
const troubledMs = { least: 4_000, most: 12_000 } as const;
/** And within which the fleet has to come to rest after the last: elections, leases, drains and tries that back off. */
const restBoundMs = 60_000;
const lookEveryMs = 250;
const faultsMost = 6;

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, faults: names = faultNames, only, mutation, sync = 'always', rots = false, isTold = false } = options;
  const story = new Story({ isTold });
  const world = new World({ seed, story, mutation, sync });
  const { scheduler, chance } = world;
  const until = chance.fork('length').between(troubledMs.least, troubledMs.most);
  const planned = planFaults(chance.fork('faults'), { names, until, most: faultsMost });
  const plan = planned.filter(({ number }) => only === undefined || only.includes(number));
  const isOver = () => story.failure !== undefined;
  world.start();
  world.schedule(plan);
  wish(world, until);
  await scheduler.run(until, isOver);
  world.heal();
  const restMs = await rest(world, until, isOver);
  if (!isOver() && !world.loss.isAny) {
    world.closeBooks();
    for (const diverged of divergedIn(world)) story.fail(diverged);
    if (rots) await rot(world);
  }
  const { lines, failure } = story;
  const { truth, loss } = world;
  const digest = Buffer.from(truth.cursor.hash).toString('hex');
  const { steps } = scheduler;
  return { seed, failure, lines, plan, steps, position: truth.state.position, lost: loss.records, digest, restMs };
}

async function rest(world: World, from: number, isOver: () => boolean): Promise<number> {
  const { scheduler, story, loss } = world;
  let unrest: string | undefined = 'it has not been looked at';
  for (let at = from + lookEveryMs; at <= from + restBoundMs; at += lookEveryMs) {
    await scheduler.run(at, isOver);
    if (isOver()) return at - from;
    unrest = loss.isMissing ? loss.unnamed() : unrestIn(world);
    if (unrest === undefined) return at - from;
  }
  story.fail(`not at rest ${restBoundMs} ms after the last fault: ${unrest}`);
  return restBoundMs;
}
