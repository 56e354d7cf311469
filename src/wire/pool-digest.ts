/**
 * The digest that closes a pool: the sum of its entries' SHA-256, modulo 2^256. A sum, so that order does not matter
 * and one changed entry can be exchanged without the others.
 */
import { hash } from 'node:crypto';

const modulus = 1n << 256n;

/** `entries`: the stored bytes of every entry that is not `gone`. 64 hex digits. */
export function addDigests(entries: Iterable<Uint8Array>): string {
  let sum = 0n;
  for (const entry of entries) sum += entryHash(entry);
  return digestOf(sum);
}

/** The same of the sum of the entries' hashes, for whoever keeps that: what has not changed is not hashed again. */
export function digestOf(sum: bigint): string {
  return (sum % modulus).toString(16).padStart(64, '0');
}

export function entryHash(entry: Uint8Array): bigint {
  return BigInt(`0x${hash('sha256', entry, 'hex')}`);
}
