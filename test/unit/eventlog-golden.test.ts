import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventTypes } from '../../schemas/events.ts';
import { eventVersion } from '../../schemas/upcast.ts';
import { decodeRecord, encodeRecord } from '../../src/eventlog/record-codec.ts';
import { samples } from '../golden/samples.ts';
import { logId } from './eventlog-fixtures.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/events.json', import.meta.url), 'utf8')) as {
  readonly type: string;
  readonly version: number;
  readonly hex: string;
}[];

function decoded(hex: string) {
  const bytes = encodeRecord(
    {
      format: 1,
      log: logId,
      term: 1,
      writer: 'w',
      counter: 1,
      first: 1,
      previousSequence: 0,
      previousHash: new Uint8Array(0),
      watermark: { stream: '', sequence: 0, hash: '' },
    },
    [new Uint8Array(Buffer.from(hex, 'hex'))],
  );
  return decodeRecord(bytes).events[0];
}

describe('the golden bytes of events', () => {
  it('are there for every version of every type (else: npx tsx test/golden/write-missing.ts)', () => {
    const there = new Set(golden.map(({ type, version }) => `${type} ${version}`));
    for (const type of eventTypes) {
      for (let version = 1; version <= eventVersion(type); version++) expect(there).toContain(`${type} ${version}`);
    }
  });

  it.each(golden)('$type of version $version is read in the shape of today', ({ type, version, hex }) => {
    const event = decoded(hex);
    expect(event).toMatchObject({ type, version: eventVersion(event?.type ?? 'server.retired') });
    const sample = samples().find((one) => one.type === type);
    if (version === sample?.version) expect(event).toEqual(sample);
  });
});
