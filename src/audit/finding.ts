/** What is wrong with a log, and where it begins. */
import type { Position } from '../../schemas/ids.ts';

/**
 * `forged`: whole in itself, but not what was signed: somebody without the key made the chain anew.
 * `snapshot`, `coordinator`: the log is whole, and what is derived from it is not what it says.
 */
export type Flaw = 'changed' | 'missing' | 'reordered' | 'inserted' | 'forged' | 'cut' | 'snapshot' | 'coordinator';

export interface Finding {
  readonly flaw: Flaw;
  /** The first position that is wrong; where only a record is known to be, the first position of that. */
  readonly position: Position;
  /** The last position it may concern: the end of that record, or of what no signature covers. */
  readonly through: Position;
  /** The record's sequence in the log. */
  readonly sequence: number;
  readonly reason: string;
}
