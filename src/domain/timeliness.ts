/** `issuedAt`: an id is remembered for a window only, so what is older than the window is refused unseen. */
import { issuedAheadMaxMs, repeatWindowMs } from './repeats.ts';
import { type Refused, refuse } from './ruling.ts';

export interface Issued {
  readonly at: number;
  readonly issuedAt: number | undefined;
}

export function refuseUntimely({ at, issuedAt }: Issued): Refused | undefined {
  if (issuedAt === undefined) return undefined;
  if (issuedAt < at - repeatWindowMs) {
    return refuse({
      code: 'too-old',
      message: `issued ${hours(at - issuedAt)} hours ago; after ${hours(repeatWindowMs)} a repeat is no longer recognised`,
      field: 'issuedAt',
      next: 'look whether it took effect, then ask again with a new id',
    });
  }
  if (issuedAt > at + issuedAheadMaxMs) {
    return refuse({
      code: 'invalid',
      message: `issued ${Math.round((issuedAt - at) / 60_000)} minutes in the future by the coordinator's clock`,
      field: 'issuedAt',
      next: 'give milliseconds since the epoch, by a clock that is right',
    });
  }
  return undefined;
}

function hours(durationMs: number): number {
  return Math.round(durationMs / 3_600_000);
}
