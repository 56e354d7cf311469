/** Logs of several days' programs, each cut off in the middle of a rollout: today's folds them to the same, and goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { replay } from '../../src/audit/replay.ts';
import { Strategy } from '../../schemas/rollout.ts';
import { cuts, followedFrom, type Followed } from '../golden/cut-logs.ts';

const root = fileURLToPath(new URL('../golden/logs', import.meta.url));
const signal = new AbortController().signal;

const eras = readdirSync(root);

describe.each(eras)('a log from %s that was cut off in the middle of a rollout', (era) => {
  it('is kept of every strategy, and of every moment there is (else: npx tsx test/golden/write-logs.ts)', () => {
    const kept = readdirSync(`${root}/${era}`);
    for (const name of Object.keys(cuts))
      expect(kept).toEqual(expect.arrayContaining([`${name}.ndjson.gz`, `${name}.json`]));
    const kinds = new Set(Object.values(cuts).map(({ policy }) => policy.strategy?.kind));
    expect(kinds).toEqual(new Set(Strategy.options.map(({ shape }) => shape.kind.value)));
  });

  it.each(Object.keys(cuts))('%s: folds to what it did, and the same is decided from there', async (name) => {
    const { state } = await replay(exportFile(`${root}/${era}/${name}.ndjson.gz`), { signal });
    const follows = JSON.parse(readFileSync(`${root}/${era}/${name}.json`, 'utf8')) as Followed;
    expect(followedFrom(state)).toEqual(follows);
  });
});
