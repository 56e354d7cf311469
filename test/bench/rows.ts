/** Which rows there are, in the order they are printed. */
import type { Row } from './report.ts';
import { row01, row02 } from './row-01-commands.ts';
import { row03 } from './row-03-appender.ts';
import { row04 } from './row-04-replay.ts';
import { row05 } from './row-05-start.ts';
import { row06, row07, row08 } from './row-06-scale.ts';
import { row09 } from './row-09-pool.ts';
import { row10 } from './row-10-pool-bytes.ts';
import { row11 } from './row-11-failover.ts';
import { row12 } from './row-12-durable.ts';
import { row13 } from './row-13-history.ts';
import { row14 } from './row-14-million.ts';

export const rows: readonly Row[] = [
  row01,
  row02,
  row03,
  row04,
  row05,
  row06,
  row07,
  row08,
  row09,
  row10,
  row11,
  row12,
  row13,
  row14,
];
