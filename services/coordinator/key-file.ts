/**
 * Where a coordinator's private key is kept: a file outside NATS, readable by its owner alone. Coordinators of one
 * fleet need the same key; one of its own is made only where none is named.
 */
import { link, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signer } from '../../src/coordinator/checkpoints.ts';
import { generateSigningKey, pemOf, type SigningKey, signingKeyFromPem } from '../../src/proof/keys.ts';
import { besideOf, syncFolder, writeSynced } from '../../src/std/durable-file.ts';
import { Failure, textOf } from '../../src/std/failure.ts';

export interface KeyFiles {
  readonly dataDirectory: string;
  readonly fleet: string;
  readonly keyFile?: string | undefined;
  readonly previousKeyFile?: string | undefined;
}

/** Fails with `config-invalid` where a file that is named is not there or holds no Ed25519 private key. */
export async function openSigner({ dataDirectory, fleet, keyFile, previousKeyFile }: KeyFiles): Promise<Signer> {
  const key = keyFile === undefined ? await ownKey(dataDirectory, fleet) : await readKey(keyFile);
  if (previousKeyFile === undefined) return { key };
  return { key, previous: await readKey(previousKeyFile) };
}

/** Beside, synced, linked: a key that is there is whole, and never one put over another. */
async function ownKey(dataDirectory: string, fleet: string): Promise<SigningKey> {
  const path = join(dataDirectory, `${fleet}.key.pem`);
  const beside = besideOf(path);
  try {
    await writeSynced(beside, pemOf(generateSigningKey()));
    await link(beside, path);
    await syncFolder(dataDirectory);
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw Failure.from(caught, { code: 'io', retryable: false, message: `making the key ${path}` });
    }
  } finally {
    await rm(beside, { force: true });
  }
  return readKey(path);
}

async function readKey(path: string): Promise<SigningKey> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (caught) {
    throw Failure.from(caught, { code: 'config-invalid', retryable: false, message: `reading the key ${path}` });
  }
  try {
    return signingKeyFromPem(pem);
  } catch (caught) {
    throw new Failure({ code: 'config-invalid', retryable: false, message: `the key ${path}: ${textOf(caught)}` });
  }
}
