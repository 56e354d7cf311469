/** An export written by the first program that could: whatever changed since, it is proven, and it folds. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exportFile } from '../../src/audit/export-file.ts';
import { replay } from '../../src/audit/replay.ts';
import { verify } from '../../src/audit/verify.ts';
import { publicKeyFromPem } from '../../src/proof/keys.ts';

const path = fileURLToPath(new URL('../golden/export-1.ndjson.gz', import.meta.url));
const key = publicKeyFromPem(readFileSync(new URL('../golden/export-1.pub.pem', import.meta.url), 'utf8'));
const signal = new AbortController().signal;

describe('the golden export', () => {
  it('is proven by its public key', async () => {
    const verdict = await verify(exportFile(path), { key, signal });
    expect(verdict).toMatchObject({ status: 'whole', last: 300, proven: { by: 'manifest', through: 300 } });
    expect(verdict.lastHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('folds to its end', async () => {
    expect((await replay(exportFile(path), { signal })).position).toBe(300);
  });
});
