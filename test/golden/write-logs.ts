/**
 * `npx tsx test/golden/write-logs.ts`: writes what is missing of `logs/`, as exports, and beside each what follows from
 * it. An export is never written again: such logs are in the field. Each folder is what one day's program wrote by this
 * script: `before-probes` the last without a version's probe, `before-sparing` the last without `sparesLast` in
 * `rollout.advanced`. What follows from those two is what their own programs said, but for fields a fold has since.
 *
 * What follows may be written again (remove it before) where a fold has a new field, or decides otherwise from there by
 * intent: the difference is then what a review looks at.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { replay } from '../../src/audit/replay.ts';
import { systemClock } from '../../src/std/clock.ts';
import { eventsSource } from '../support/told-history.ts';
import { cutLog, cuts, followedFrom } from './cut-logs.ts';

const signal = new AbortController().signal;
const root = fileURLToPath(new URL('logs', import.meta.url));

for (const [name, cut] of Object.entries(cuts)) {
  const path = `${root}/sparing/${name}.ndjson.gz`;
  mkdirSync(`${root}/sparing`, { recursive: true });
  if (existsSync(path)) continue;
  await exportLog(eventsSource(cutLog(cut).events), { path, fleet: null, clock: systemClock, signal });
}
for (const era of readdirSync(root)) {
  for (const file of readdirSync(`${root}/${era}`).filter((each) => each.endsWith('.ndjson.gz'))) {
    const path = `${root}/${era}/${file}`;
    const follows = path.replace('.ndjson.gz', '.json');
    if (existsSync(follows)) continue;
    const { state } = await replay(exportFile(path), { signal });
    writeFileSync(follows, `${JSON.stringify(followedFrom(state), null, 1)}\n`);
  }
}
