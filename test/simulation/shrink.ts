/** From a seed that fails, the faults it takes: what can be left out, with the seed still failing, is left out. */
import type { SeedResult } from './run-seed.ts';

/** `again`: the same seed with these of its faults alone. Without any one of those that are left it does not fail. */
export async function shrink(
  failing: SeedResult,
  again: (only: readonly number[]) => Promise<SeedResult>,
): Promise<SeedResult> {
  for (const { number } of failing.plan) {
    const only = failing.plan.map((planned) => planned.number).filter((one) => one !== number);
    const result = await again(only);
    if (result.failure !== undefined) return shrink(result, again);
  }
  return failing;
}
