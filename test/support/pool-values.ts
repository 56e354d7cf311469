/** The last values of POOLS, as a leader of the third term holds them; what a test is about it says itself. */
import { poolSchemaOf } from '../../schemas/pool.ts';
import { LastValues, type LastValuesOptions } from '../../src/coordinator/last-values.ts';
import { entryHash } from '../../src/wire/pool-digest.ts';

export type PoolValuesOptions = Pick<LastValuesOptions, 'bus' | 'stream' | 'clock'> & Partial<LastValuesOptions>;

/** Of the term that writes, where a test says no other. */
export const leadersTerm = 3;

export function poolValues(options: PoolValuesOptions): LastValues {
  return new LastValues({
    random: Math.random,
    storeTimeoutMs: 5_000,
    signal: new AbortController().signal,
    schemaOf: poolSchemaOf,
    term: leadersTerm,
    hashOf: entryHash,
    onForeign: () => undefined,
    ...options,
  });
}
