/**
 * Ports for servers of tests, outside those the system gives to connections: one that is down for a while, as drills have
 * them, finds its port free again, and nobody of another fleet behind it.
 */
import { randomInt } from 'node:crypto';
import { portBindable } from '../../src/balancers/listen-book.ts';

/** Below the range of Linux and of others for connections; above what services are known by. */
const [lowest, highest] = [20_000, 32_000];
/** Files run side by side, one in each of the runner's places: what is down for a while in one is not given to another. */
const places = 8;
const place = Number(process.env['VITEST_POOL_ID'] ?? 0) % places;
const sliceSize = (highest - lowest) / places;
const first = lowest + place * sliceSize;
/** Single ports below, bases above: more of either than any file asks for. */
const firstBase = first + (sliceSize * 2) / 3;
/** As many groups as a balancer of a test fronts, and then some. */
const baseRoom = 20;
/** Never given twice: whoever asked may not have bound it yet, or may be about to come back to it. */
const given = new Set<number>();
/** One in a thousand of these is taken on a busy machine. */
const attemptsMax = 100;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const port = randomInt(first, firstBase);
    if (given.has(port) || (await portBindable({ host: '127.0.0.1', port })) === undefined) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no port was free between ${first} and ${firstBase} in ${attemptsMax} attempts`);
}

/** For a balancer, which takes the next free ports from it on: apart from those that others were given. */
export function freeBasePort(): number {
  return randomInt(firstBase, first + sliceSize - baseRoom);
}
