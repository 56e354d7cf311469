/**
 * `npx tsx test/golden/write-missing.ts`: adds golden bytes for event types and versions that have none. What is there
 * is never written again: these are the bytes that logs in the field hold.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { encodeEvent } from '../../src/eventlog/record-codec.ts';
import { samples } from './samples.ts';

interface Golden {
  readonly type: string;
  readonly version: number;
  readonly hex: string;
}

const path = new URL('events.json', import.meta.url);
const golden = read();
for (const event of samples()) {
  const { type, version } = event;
  if (golden.some((entry) => entry.type === type && entry.version === version)) continue;
  golden.push({ type, version, hex: Buffer.from(encodeEvent(event)).toString('hex') });
}
writeFileSync(path, `${JSON.stringify(golden, null, 1)}\n`);

function read(): Golden[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Golden[];
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw caught;
  }
}
