/** What this process holds on to, garbage aside. */
import { collectGarbage } from '../support/collect-garbage.ts';

/** Bytes of heap and of buffers outside it, after everything that nobody holds was collected. */
export function heapInUse(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
