/** A live log one of whose records is delivered with other bytes than its stream's leader holds. */
import { describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { exportLog } from '../../src/audit/export.ts';
import { liveSource } from '../../src/audit/log-source.ts';
import { replay } from '../../src/audit/replay.ts';
import { verify } from '../../src/audit/verify.ts';
import type { LogPort, StoredRecord } from '../../src/eventlog/log-port.ts';
import { systemClock } from '../../src/std/clock.ts';
import { scratchFolder } from '../support/export-tampering.ts';
import { logOf } from './eventlog-fixtures.ts';

const signal = new AbortController().signal;

type Garbles = (stored: StoredRecord) => StoredRecord;

/** Four records, the second garbled on its way; `isHeldGarbled`: the leader holds no better. */
async function source({ isHeldGarbled, garbles = cut }: { isHeldGarbled: boolean; garbles?: Garbles }) {
  const garbled = (stored: StoredRecord) => (stored.sequence === 2 ? garbles(stored) : stored);
  const whole = await logOf([1, 2, 1, 1]);
  const log: LogPort = {
    append: (options) => whole.append(options),
    lastSequence: () => whole.lastSequence(),
    async get(sequence) {
      const stored = await whole.get(sequence);
      return stored !== undefined && isHeldGarbled ? garbled(stored) : stored;
    },
    async *read(options) {
      for await (const stored of whole.read(options)) yield garbled(stored);
    },
  };
  return liveSource(log, 'the log');
}

function cut(stored: StoredRecord): StoredRecord {
  return { ...stored, data: stored.data.slice(1) };
}

/** In a name: it is a record still, and links. */
function misspelt(stored: StoredRecord): StoredRecord {
  const data = Buffer.from(stored.data);
  data.write('x', data.indexOf('server-2'));
  return { ...stored, data };
}

describe('reading history where a delivery is garbled', () => {
  it('proves what the leader holds', async () => {
    expect(await verify(await source({ isHeldGarbled: false }), { signal })).toMatchObject({
      status: 'whole',
      last: 5,
    });
  });

  it('tells of a record that the leader holds no better', async () => {
    const verdict = await verify(await source({ isHeldGarbled: true }), { signal });
    expect(verdict.finding).toMatchObject({ flaw: 'changed', sequence: 2 });
    await expect(replay(await source({ isHeldGarbled: true }), { signal })).rejects.toMatchObject({
      code: 'log-broken',
    });
  });

  it('blames no log for what was read as a record that it does not hold, and says that nothing is known', async () => {
    const read = () => source({ isHeldGarbled: false, garbles: misspelt });
    const reason = { code: 'unavailable', retryable: true, message: expect.stringMatching(/record 2 .*read it again/) };
    await expect(verify(await read(), { signal })).rejects.toMatchObject(reason);
    await expect(replay(await read(), { signal })).rejects.toMatchObject(reason);
    const held = await verify(await source({ isHeldGarbled: true, garbles: misspelt }), { signal });
    expect(held.finding).toMatchObject({ flaw: 'changed', sequence: 2 });
  });

  it('folds and exports the held bytes', async () => {
    expect(await replay(await source({ isHeldGarbled: false }), { signal })).toMatchObject({ position: 5 });
    const folder = await scratchFolder();
    try {
      const path = folder.path('held.ndjson.gz');
      await exportLog(await source({ isHeldGarbled: false }), { path, fleet: null, clock: systemClock, signal });
      expect(await verify(exportFile(path), { signal })).toMatchObject({ status: 'whole', last: 5 });
    } finally {
      await folder.remove();
    }
  });
});
