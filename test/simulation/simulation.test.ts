/** Seeds by the hundred, all faults; a seed that fails tells its end here and the whole of it by the command it names. */
import { describe, expect, it } from 'vitest';
import { type FaultName, faultNames } from './world/faults.ts';
import { runSeed } from './run-seed.ts';

/** What a core does in about a minute on the build machine. `MUSTER_SIMULATED_SEEDS` for more or fewer. */
const seedsDefault = 400;
const seeds = Number(process.env['MUSTER_SIMULATED_SEEDS'] ?? seedsDefault);
const firstSeed = 1;
/** Of each fault alone: enough that it happens some dozens of times. */
const seedsOfEach = 6;

async function passes(seed: number, faults: readonly FaultName[] = faultNames): Promise<void> {
  const { failure } = await runSeed({ seed, faults });
  if (failure === undefined) return;
  const { lines } = await runSeed({ seed, faults, isTold: true });
  const given = faults === faultNames ? '' : ` --faults ${faults.join(',') || 'none'}`;
  const again = `npm run simulate -- --seed ${seed} --seeds 1${given} --tell`;
  expect.fail(`${lines.slice(-60).join('\n')}\n\nseed ${seed} failed: ${failure}\nagain: ${again}`);
}

describe('a simulated fleet', () => {
  it('comes to rest without faults, and does nothing it must not', async () => {
    for (let seed = firstSeed; seed < firstSeed + seedsOfEach; seed += 1) await passes(seed, []);
  });

  it.each(faultNames)('survives %s alone', async (fault) => {
    for (let seed = firstSeed; seed < firstSeed + seedsOfEach; seed += 1) await passes(seed, [fault]);
  });

  it(`survives all faults together, by ${seeds} seeds`, async () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) await passes(seed);
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
