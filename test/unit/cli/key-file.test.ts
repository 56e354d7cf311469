import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigner } from '../../../services/coordinator/key-file.ts';
import { generateSigningKey, pemOf } from '../../../src/proof/keys.ts';

let dataDirectory: string;
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'muster-key-'));
});
afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

describe("a coordinator's key", () => {
  it('is made once, for its owner alone, and found again', async () => {
    const first = await openSigner({ dataDirectory, fleet: 'main' });
    const path = join(dataDirectory, 'main.key.pem');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await openSigner({ dataDirectory, fleet: 'main' })).key.id).toBe(first.key.id);
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  it('is the one that is named, with the one before it', async () => {
    const [key, previous] = [generateSigningKey(), generateSigningKey()];
    const [keyFile, previousKeyFile] = [join(dataDirectory, 'new.pem'), join(dataDirectory, 'old.pem')];
    await writeFile(keyFile, pemOf(key));
    await writeFile(previousKeyFile, pemOf(previous));
    const signer = await openSigner({ dataDirectory, fleet: 'main', keyFile, previousKeyFile });
    expect([signer.key.id, signer.previous?.id]).toEqual([key.id, previous.id]);
  });

  it('is never made anew where one was named or something else stands', async () => {
    const keyFile = join(dataDirectory, 'nowhere.pem');
    await expect(openSigner({ dataDirectory, fleet: 'main', keyFile })).rejects.toThrow(/nowhere\.pem/);
    await writeFile(join(dataDirectory, 'main.key.pem'), 'no key');
    await expect(openSigner({ dataDirectory, fleet: 'main' })).rejects.toMatchObject({ code: 'config-invalid' });
  });
});
