/**
 * The digest that closes a pool: the sum of its entries' SHA-256, modulo 2^256. A sum, so that order does not matter
 * and one changed entry can be exchanged without the others.
 */
import { createHash } from 'node:crypto';

const modulus = 1n << 256n;

/** A digest kept up to date: an entry that has not changed since it was last summed is not hashed again. */
export class DigestSum {
  /** By key, the sequence an entry was hashed at and its hash. Forgets what the last sum did not hold. */
  #hashByKey = new Map<string, { readonly sequence: number; readonly hash: bigint }>();

  /** `entries`: every entry that is not `gone`, each with the sequence that tells one version of it from another. */
  of(entries: readonly (readonly [string, { readonly sequence: number; readonly data: Uint8Array }])[]): string {
    const hashes = new Map<string, { readonly sequence: number; readonly hash: bigint }>();
    let sum = 0n;
    for (const [key, { sequence, data }] of entries) {
      const known = this.#hashByKey.get(key);
      const hashed = known?.sequence === sequence ? known : { sequence, hash: hashOf(data) };
      hashes.set(key, hashed);
      sum += hashed.hash;
    }
    this.#hashByKey = hashes;
    return hexOf(sum);
  }
}

/** `entries`: the stored bytes of every entry that is not `gone`. 64 hex digits. */
export function addDigests(entries: Iterable<Uint8Array>): string {
  let sum = 0n;
  for (const entry of entries) sum += hashOf(entry);
  return hexOf(sum);
}

function hashOf(entry: Uint8Array): bigint {
  return BigInt(`0x${createHash('sha256').update(entry).digest('hex')}`);
}

function hexOf(sum: bigint): string {
  return (sum % modulus).toString(16).padStart(64, '0');
}
