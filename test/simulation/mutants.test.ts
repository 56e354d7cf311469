/** A detector proves itself: each mistake somebody could make is found, by some of these seeds at the latest. */
import { describe, expect, it } from 'vitest';
import type { GroupName } from '../../schemas/ids.ts';
import { streamNames } from '../../src/nats/stream-definitions.ts';
import { type MutantName, mutants } from './mutants.ts';
import { runSeed } from './run-seed.ts';
import { shrink } from './shrink.ts';
import type { FaultName } from './world/faults.ts';
import { fleet } from './world/stage.ts';
import { Story } from './world/story.ts';
import { type Mutation, World } from './world/world.ts';

/** Several times what it takes on average. */
const seedsMax = 150;
const storing: readonly FaultName[] = ['lose-acks', 'late-stores', 'lose-stores', 'freeze', 'crash', 'stream-election'];

/** What stands in its way, and the words it is found out by. */
const found: { readonly [N in Exclude<MutantName, 'hash check skipped'>]: readonly [readonly FaultName[], RegExp] } = {
  'append depth 64': [storing, /only to be durable/],
  'barrier removed': [['late-stores'], /the log is broken/],
  'duplicate answers believed': [['duplicates'], /only to be durable/],
  'silence believed': [storing, /only to be durable/],
  'fence removed': [storing, /the log is broken/],
  'fold diverged': [[], /holds another fleet than the log gives/],
  'shrunken pool applied': [['stale-reads', 'reorder'], /spreads .* over .*; the pool was/],
};

describe('a mistake', () => {
  it.each(Object.entries(found))('is found: %s', async (name, [faults, words]) => {
    const mutation: Mutation = mutants[name as MutantName];
    const failures: string[] = [];
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const { failure } = await runSeed({ seed, faults, mutation });
      if (failure !== undefined) failures.push(failure);
      if (failure !== undefined && words.test(failure)) return;
    }
    expect.fail(`${seedsMax} seeds did not find it by ${words}; they found: ${failures.join('\n')}`);
  });
});

describe('a seed that fails', () => {
  it('is told with no fault more than it takes', async () => {
    const options = { faults: storing, mutation: mutants['fence removed'] };
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const failing = await runSeed({ seed, ...options });
      if (failing.failure === undefined || failing.plan.length < 3) continue;
      const again = (only: readonly number[]) => runSeed({ seed, ...options, only });
      const least = await shrink(failing, again);
      const numbers = least.plan.map(({ number }) => number);
      if (numbers.length === failing.plan.length) continue;
      expect(least.failure).toBeDefined();
      expect((await again(numbers)).failure).toBe(least.failure);
      for (const number of numbers) {
        expect((await again(numbers.filter((one) => one !== number))).failure).toBeUndefined();
      }
      return;
    }
    expect.fail(`none of ${seedsMax} seeds failed with more faults than it takes`);
  });
});

/** A fleet with a history, whose log is then changed by one bit while nobody runs. */
async function rottenFleet(mutation?: Mutation): Promise<World> {
  const world = new World({ seed: 2, story: new Story({ isTold: true }), mutation });
  const run = (ms: number) => world.scheduler.run(world.scheduler.now + ms, () => false);
  world.start();
  await run(1_000);
  for (const name of ['Edge', 'Core']) world.clients[0]?.ask('group.create', { group: name as GroupName });
  await run(500);
  for (const seat of world.coordinators) seat.crash();
  const names = streamNames(fleet);
  world.nats.objectsByBucket.get(names.snapshots)?.clear();
  const rotten = world.nats.streams.get(names.log)?.history.find(({ data }) => indexOfAlice(data) !== -1);
  if (rotten === undefined) throw new Error('the log holds a word of alice');
  const at = indexOfAlice(rotten.data);
  rotten.data[at] = (rotten.data[at] ?? 0) ^ 0b10;
  for (const seat of world.coordinators) seat.start();
  await run(15_000);
  return world;
}

function indexOfAlice(data: Uint8Array): number {
  return Buffer.from(data).indexOf('alice');
}

describe('a flipped bit in the log', () => {
  it('stops every coordinator, by name, and nothing is written behind it', async () => {
    const world = await rottenFleet();
    expect(world.coordinators.map(({ verdict }) => verdict?.code)).toEqual(world.coordinators.map(() => 'log-broken'));
    expect(world.story.failure).toBeUndefined();
  });

  it('is found out where the hash check was skipped', async () => {
    const world = await rottenFleet(mutants['hash check skipped']);
    expect(world.coordinators.some(({ verdict }) => verdict !== undefined)).toBe(false);
    expect(world.story.failure).toMatch(/the log is broken|another event/);
  });
});
