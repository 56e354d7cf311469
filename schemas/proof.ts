/**
 * What the leader signs, so that rewriting the whole log is seen too: the chain alone proves only that a log is whole
 * in itself. Signatures are Ed25519 in base64; `key` names the public key that verifies one.
 */
import { z } from 'zod';
import { LogId, Position, Term } from './ids.ts';

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64');
/** The first 32 hex digits of the SHA-256 of the public key's DER form. */
export const KeyId = z.string().regex(/^[0-9a-f]{32}$/, 'must be a key id: 32 hex digits in lower case');
export type KeyId = z.infer<typeof KeyId>;

/** Data of `log.checkpointed`: the leader's word that the log's record at `sequence` has this hash. */
export const Checkpoint = z.object({
  log: LogId,
  /** Of the record signed, not of the one that holds the checkpoint. */
  term: Term,
  /** The last position at the end of that record. */
  position: Position,
  sequence: z.int().min(1),
  /** SHA-256 of the stored record's bytes, hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  key: KeyId,
  signature: base64,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** Data of `log.key-rotated`: from here on `key` signs. Vouched for by the key before it, the first one by itself. */
export const KeyRotation = z.object({
  log: LogId,
  /** The new public key: SPKI, DER, base64. */
  publicKey: base64,
  key: KeyId,
  /** Who signs this rotation; the new key's own id for the first key of a log. */
  by: KeyId,
  signature: base64,
});
export type KeyRotation = z.infer<typeof KeyRotation>;

/**
 * A checkpoint signs a record at most so many before the one that holds it: what a verifier remembers hashes of. More
 * than a leader under full load has decided and not yet stored, in the worst case a record an event.
 */
export const checkpointReachMax = 8_192;
