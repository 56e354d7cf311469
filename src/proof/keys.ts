/**
 * Keys and signatures, Ed25519. Pure but for the generator. Must not know: what is signed, or where a private key is
 * kept. Duty of the caller: what it signs begins with a line that says what it is, so that no signature of one thing
 * can stand for another.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { KeyId } from '../../schemas/proof.ts';
import { Failure } from '../std/failure.ts';

export interface PublicKey {
  readonly id: KeyId;
  readonly object: KeyObject;
}
export interface SigningKey {
  /** Of its public half. */
  readonly id: KeyId;
  readonly object: KeyObject;
  readonly publicKey: PublicKey;
}

/** From PEM. Fails with `config-invalid` unless it is an Ed25519 public key. */
export function publicKeyFromPem(pem: string): PublicKey {
  return namedKey(() => createPublicKey(pem), 'public key');
}

/** From SPKI, DER, base64, as the log holds it. Fails with `config-invalid`. */
export function publicKeyFromText(text: string): PublicKey {
  return namedKey(
    () => createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' }),
    'public key',
  );
}

/** From PEM, PKCS 8. Fails with `config-invalid` unless it is an Ed25519 private key. */
export function signingKeyFromPem(pem: string): SigningKey {
  return signingKey(ed25519(() => createPrivateKey(pem), 'private key'));
}

export function generateSigningKey(): SigningKey {
  return signingKey(generateKeyPairSync('ed25519').privateKey);
}

export function pemOf({ object }: PublicKey | SigningKey): string {
  const type = object.type === 'private' ? 'pkcs8' : 'spki';
  return object.export({ format: 'pem', type } as { format: 'pem'; type: 'spki' }) as string;
}

/** PEM of a public key as the log holds it. Fails with `config-invalid`. */
export function pemOfText(text: string): string {
  return pemOf(publicKeyFromText(text));
}

/** SPKI, DER, base64. */
export function publicKeyText({ object }: PublicKey): string {
  return der(object).toString('base64');
}

/** The signature, base64. */
export function signText(text: string, { object }: SigningKey): string {
  return sign(null, Buffer.from(text), object).toString('base64');
}

export function isSignedBy(text: string, signature: string, { object }: PublicKey): boolean {
  return verify(null, Buffer.from(text), object, Buffer.from(signature, 'base64'));
}

function signingKey(object: KeyObject): SigningKey {
  const publicKey = named(createPublicKey(object));
  return { id: publicKey.id, object, publicKey };
}

function namedKey(read: () => KeyObject, what: string): PublicKey {
  return named(ed25519(read, what));
}

function named(object: KeyObject): PublicKey {
  return { id: createHash('sha256').update(der(object)).digest('hex').slice(0, 32), object };
}

function der(object: KeyObject): Buffer {
  return object.export({ format: 'der', type: 'spki' });
}

function ed25519(read: () => KeyObject, what: string): KeyObject {
  let object: KeyObject;
  try {
    object = read();
  } catch (caught) {
    throw Failure.from(caught, { code: 'config-invalid', retryable: false, message: `not a ${what}` });
  }
  if (object.asymmetricKeyType === 'ed25519') return object;
  const message = `a ${what} of the kind ${object.asymmetricKeyType ?? 'secret'}, not Ed25519`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}
