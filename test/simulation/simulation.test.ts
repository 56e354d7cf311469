/** Seeds by the thousand, all faults; one that fails tells its story, and the command that tells it again. */
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type FaultName, faultNames } from './world/faults.ts';
import { runSeed } from './run-seed.ts';
import { runStretches, type Stretch, type Tally } from './stretches.ts';

/** What two cores do in a minute on the build machine. `MUSTER_SIMULATED_SEEDS` for more or fewer. */
const seedsDefault = 2_000;
const seeds = Number(process.env['MUSTER_SIMULATED_SEEDS'] ?? seedsDefault);
const firstSeed = 1;
/** Of each fault alone: enough that it happens some dozens of times. */
const seedsOfEach = 6;
/** Of each way to lose what was acknowledged. */
const seedsOfLoss = 60;

async function run(stretch: Omit<Stretch, 'seed'>): Promise<Tally> {
  let told = '';
  const tally = await runStretches({ seed: firstSeed, ...stretch }, availableParallelism(), (text) => (told += text));
  if (tally.failed > 0) expect.fail(told.slice(-40_000));
  return tally;
}

async function passes(faults: readonly FaultName[]): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + seedsOfEach; seed += 1) {
    const { failure } = await runSeed({ seed, faults });
    const again = `npm run simulate -- --seed ${seed} --seeds 1 --faults ${faults.join(',') || 'none'} --tell`;
    expect(failure, again).toBeUndefined();
  }
}

describe('a simulated fleet', () => {
  it(`survives all faults together, by ${seeds} seeds`, async () => {
    await run({ seeds });
  });

  it('comes to rest without faults, and does nothing it must not', async () => {
    await passes([]);
  });

  it.each(faultNames)('survives %s alone', async (fault) => {
    await passes([fault]);
  });

  it('names what a power cut took back of a log that is not synced as it is acknowledged', async () => {
    const { lost } = await run({ seeds: seedsOfLoss, faults: ['power-cut'], sync: 'interval' });
    expect(lost).toBeGreaterThan(0);
  });

  it('finds a bit that flipped in its log, and says where', async () => {
    await run({ seeds: seedsOfLoss, rots: true });
  });

  it('lives the same story again from the same seed', async () => {
    for (let seed = firstSeed; seed < firstSeed + 5; seed += 1) {
      const [once, again] = [await runSeed({ seed, isTold: true }), await runSeed({ seed, isTold: true })];
      expect(again.lines).toEqual(once.lines);
      expect(again.digest).toBe(once.digest);
      expect(once.position).toBeGreaterThan(5);
    }
  });
});
