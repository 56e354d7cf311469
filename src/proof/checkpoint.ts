/** The leader's word for a place in the log, and the change of the key it is given under. Pure. */
import type { LogId } from '../../schemas/ids.ts';
import type { Checkpoint, KeyRotation } from '../../schemas/proof.ts';
import { Failure } from '../std/failure.ts';
import { isSignedBy, type PublicKey, publicKeyFromText, publicKeyText, type SigningKey, signText } from './keys.ts';

/** An acknowledged record, as the chain knows it. `hash`: SHA-256 of its bytes, hex. */
export type Signable = Omit<Checkpoint, 'key' | 'signature'>;

export function signCheckpoint(place: Signable, key: SigningKey): Checkpoint {
  return { ...place, key: key.id, signature: signText(checkpointText({ ...place, key: key.id }), key) };
}

export function isCheckpointOf(checkpoint: Checkpoint, key: PublicKey): boolean {
  return checkpoint.key === key.id && isSignedBy(checkpointText(checkpoint), checkpoint.signature, key);
}

function checkpointText(place: Omit<Checkpoint, 'signature'>): string {
  const { log, term, position, sequence, hash, key } = place;
  return ['muster checkpoint 1', log, term, position, sequence, hash, key].join('\n');
}

export interface Rotation {
  readonly log: LogId;
  readonly next: PublicKey;
  /** The key that signs now; for the first key of a log, that key itself. */
  readonly by: SigningKey;
}

export function signRotation({ log, next, by }: Rotation): KeyRotation {
  const rotation = { log, publicKey: publicKeyText(next), key: next.id, by: by.id };
  return { ...rotation, signature: signText(rotationText(rotation), by) };
}

/** The new key, if the rotation is by this one and about the key it names; else undefined. */
export function rotatedTo(rotation: KeyRotation, by: PublicKey): PublicKey | undefined {
  if (rotation.by !== by.id || !isSignedBy(rotationText(rotation), rotation.signature, by)) return undefined;
  const next = readKey(rotation.publicKey);
  return next?.id === rotation.key ? next : undefined;
}

function readKey(text: string): PublicKey | undefined {
  try {
    return publicKeyFromText(text);
  } catch (caught) {
    if (caught instanceof Failure) return undefined;
    throw caught;
  }
}

function rotationText({ log, publicKey, key, by }: Omit<KeyRotation, 'signature'>): string {
  return ['muster key rotation 1', log, publicKey, key, by].join('\n');
}
