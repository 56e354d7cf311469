/**
 * `npx tsx test/golden/write-export.ts`: writes `export-1.ndjson.gz` and its public key, once. What is there is never
 * written again: exports of this format lie in archives, and must be proven for ever.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exportLog } from '../../src/audit/export.ts';
import { generateSigningKey, pemOf } from '../../src/proof/keys.ts';
import { systemClock } from '../../src/std/clock.ts';
import { memorySource } from '../support/export-tampering.ts';
import { randomHistory } from '../support/random-history.ts';

const path = fileURLToPath(new URL('export-1.ndjson.gz', import.meta.url));
if (!existsSync(path)) {
  const key = generateSigningKey();
  const { records } = randomHistory({ seed: 11, events: 300, recordEventsMax: 10, servers: 8 });
  const signal = new AbortController().signal;
  await exportLog(memorySource(records), { path, fleet: null, key, clock: systemClock, signal });
  writeFileSync(new URL('export-1.pub.pem', import.meta.url), pemOf(key.publicKey));
}
