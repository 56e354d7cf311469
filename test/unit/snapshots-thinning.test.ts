import { describe, expect, it } from 'vitest';
import { type Kept, superfluous } from '../../src/snapshots/thinning.ts';

function keptAfter(steps: number, { every, bytes }: { every: number; bytes: number }): Kept[] {
  let kept: Kept[] = [];
  for (let step = 1; step <= steps; step += 1) {
    kept.push({ name: String(step).padStart(16, '0'), position: step * every, bytes });
    const gone = new Set(superfluous(kept).map(({ name }) => name));
    kept = kept.filter(({ name }) => !gone.has(name));
  }
  return kept;
}

describe('snapshots', () => {
  it('are all kept while they are few', () => {
    expect(keptAfter(10, { every: 1_000, bytes: 1_000 })).toHaveLength(10);
  });

  it('are kept over the whole log when they are many, so that every position is near one', () => {
    const kept = keptAfter(1_000, { every: 1_000, bytes: 1_000 });
    expect(kept.length).toBeLessThanOrEqual(35);
    expect(kept.slice(-3).map(({ position }) => position)).toEqual([998_000, 999_000, 1_000_000]);
    const holes = kept.map(({ position }, index) => position - (kept[index - 1]?.position ?? 0));
    expect(Math.max(...holes)).toBeLessThanOrEqual(100_000);
  });

  it('take no more room than they may, the newest excepted', () => {
    const large = 100 * 1024 * 1024;
    const kept = keptAfter(50, { every: 1_000, bytes: large });
    expect(kept.length).toBeLessThanOrEqual(3 + 5);
    expect(kept.slice(-3).map(({ position }) => position)).toEqual([48_000, 49_000, 50_000]);
  });
});
