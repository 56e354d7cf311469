/**
 * The digest that closes a pool: the sum of its entries' SHA-256, modulo 2^256. A sum, so that order does not matter
 * and one changed entry can be exchanged without the others.
 */
import { createHash } from 'node:crypto';

const modulus = 1n << 256n;

/** `entries`: the stored bytes of every entry that is not `gone`. 64 hex digits. */
export function addDigests(entries: Iterable<Uint8Array>): string {
  let sum = 0n;
  for (const entry of entries) {
    sum += BigInt(`0x${createHash('sha256').update(entry).digest('hex')}`);
  }
  return (sum % modulus).toString(16).padStart(64, '0');
}
