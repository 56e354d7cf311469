/** Checkpoints and the keys they are signed with: what they prove, and what they do not. */
import { describe, expect, it } from 'vitest';
import type { LogId } from '../../schemas/ids.ts';
import { Checkpoint, checkpointReachMax, KeyRotation } from '../../schemas/proof.ts';
import { Trust } from '../../src/audit/trust.ts';
import { emptyCursor } from '../../src/eventlog/chain.ts';
import { isCheckpointOf, rotatedTo, signCheckpoint, signRotation } from '../../src/proof/checkpoint.ts';
import {
  generateSigningKey,
  pemOf,
  publicKeyFromPem,
  type SigningKey,
  signingKeyFromPem,
} from '../../src/proof/keys.ts';

const log = 'log-of-proofs' as LogId;
const [first, second, stranger] = [generateSigningKey(), generateSigningKey(), generateSigningKey()];
const hashOf = (sequence: number) => sequence.toString(16).padStart(64, '0');
const placeAt = (sequence: number) => ({ log, term: 1, position: sequence * 10, sequence, hash: hashOf(sequence) });

/** Passes records up to `to`, ten positions each, as a verifier does. */
function pass(trust: Trust, from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence += 1) {
    const hash = new Uint8Array(Buffer.from(hashOf(sequence), 'hex'));
    trust.passed({ ...emptyCursor, log, sequence, position: sequence * 10, hash });
  }
}
const checkpoint = (sequence: number, key: SigningKey, position: number) => ({
  type: 'log.checkpointed',
  position,
  data: signCheckpoint(placeAt(sequence), key),
});
const rotation = (next: SigningKey, by: SigningKey, position: number) => ({
  type: 'log.key-rotated',
  position,
  data: signRotation({ log, next: next.publicKey, by }),
});

describe('a signature', () => {
  it('is of the schema, holds under its key alone, and over nothing that was changed', () => {
    const signed = signCheckpoint(placeAt(4), first);
    expect(Checkpoint.parse(signed)).toEqual(signed);
    expect(isCheckpointOf(signed, first.publicKey)).toBe(true);
    expect(isCheckpointOf(signed, second.publicKey)).toBe(false);
    for (const change of [{ position: 41 }, { term: 2 }, { hash: hashOf(5) }, { log: 'another-log' as LogId }]) {
      expect(isCheckpointOf({ ...signed, ...change }, first.publicKey)).toBe(false);
    }
  });

  it('vouches for the next key, and for no other', () => {
    const rotated = signRotation({ log, next: second.publicKey, by: first });
    expect(KeyRotation.parse(rotated)).toEqual(rotated);
    expect(rotatedTo(rotated, first.publicKey)?.id).toBe(second.id);
    expect(rotatedTo(rotated, stranger.publicKey)).toBeUndefined();
    expect(rotatedTo({ ...rotated, key: stranger.id }, first.publicKey)).toBeUndefined();
  });

  it('is made and read by keys that went through PEM', () => {
    const key = signingKeyFromPem(pemOf(first));
    expect(key.id).toBe(first.id);
    expect(isCheckpointOf(signCheckpoint(placeAt(1), key), publicKeyFromPem(pemOf(first.publicKey)))).toBe(true);
    expect(() => publicKeyFromPem('no key')).toThrow(/not a public key/);
  });
});

describe('a log with checkpoints', () => {
  it('is proven up to the last one', () => {
    const trust = new Trust(first.publicKey);
    pass(trust, 1, 50);
    expect(trust.take(checkpoint(48, first, 501))).toBeUndefined();
    pass(trust, 51, 60);
    expect(trust.summary).toEqual({ through: 480, sequence: 48, checkpoints: 1, strange: 0 });
    expect(trust.atEnd(600)).toBeUndefined();
  });

  it('made anew without the key is forged from behind the last one that holds', () => {
    const trust = new Trust(first.publicKey);
    pass(trust, 1, 20);
    trust.take(checkpoint(20, first, 201));
    pass(trust, 21, 50);
    const kept = { ...checkpoint(40, first, 501), data: signCheckpoint({ ...placeAt(40), hash: hashOf(99) }, first) };
    expect(trust.take(kept)).toMatchObject({ position: 201, through: 400 });
  });

  it('under keys made anew too is forged from the beginning', () => {
    const trust = new Trust(first.publicKey);
    trust.take(rotation(stranger, stranger, 2));
    pass(trust, 1, 50);
    expect(trust.take(checkpoint(48, stranger, 501))).toBeUndefined();
    expect(trust.atEnd(600)).toMatchObject({ position: 1, through: 600 });
  });

  it('is followed over a change of keys, after which the key before counts no more', () => {
    const trust = new Trust(first.publicKey);
    pass(trust, 1, 50);
    trust.take(checkpoint(40, first, 501));
    trust.take(rotation(second, first, 502));
    trust.take(checkpoint(50, second, 503));
    expect(trust.summary).toEqual({ through: 500, sequence: 50, checkpoints: 2, strange: 0 });
    trust.take(checkpoint(50, first, 504));
    expect(trust.summary.strange).toBe(1);
  });

  it('is proven from a later key too: what it signs holds everything before', () => {
    const trust = new Trust(second.publicKey);
    pass(trust, 1, 50);
    trust.take(checkpoint(40, first, 501));
    trust.take(rotation(second, first, 502));
    trust.take(checkpoint(50, second, 503));
    expect(trust.summary).toEqual({ through: 500, sequence: 50, checkpoints: 1, strange: 1 });
    expect(trust.atEnd(510)).toBeUndefined();
  });

  it('is not proven by one about a record out of reach', () => {
    const trust = new Trust(first.publicKey);
    pass(trust, 1, checkpointReachMax + 10);
    expect(trust.take(checkpoint(5, first, 20_000))).toMatchObject({ position: 1 });
  });

  it('is not proven at all without a key from outside', () => {
    const trust = new Trust(undefined);
    pass(trust, 1, 10);
    trust.take(rotation(first, first, 2));
    trust.take(checkpoint(9, first, 101));
    expect(trust.summary.through).toBe(0);
    expect(trust.atEnd(110)).toBeUndefined();
  });
});
