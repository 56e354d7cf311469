/**
 * Whether requests that failed may have: only one that was in flight on a gateway that was killed, frozen or unplugged
 * at the time. HAProxy counts, by server, what went wrong on it; each failure needs one such count of its own, made
 * while the request was under way, on a server that was at fault then. Everything else is a lost request. Pure.
 */
import type { LoadFailure } from '../support/steady-load.ts';
import type { Rise } from './balancer-watch.ts';

/** A gateway at fault, in milliseconds since the epoch. */
export interface FaultWindow {
  readonly server: string;
  readonly fault: string;
  readonly from: number;
  readonly until: number;
}

export interface JudgedRequests {
  readonly lost: readonly string[];
  /** How many, by gateway and fault. */
  readonly excused: ReadonlyMap<string, number>;
}

/** Healed, a connection takes its next retransmission to go on, and that comes ever later the longer nothing got through. */
const afterMs = 20_000;
/** From HAProxy's count to the client's knowledge of it, and the pace of the looks. */
const apartMs = 1_000;

export function judgeRequests(
  failures: readonly LoadFailure[],
  { rises, windows }: { readonly rises: readonly Rise[]; readonly windows: readonly FaultWindow[] },
): JudgedRequests {
  const left = rises.map((rise) => ({ ...rise }));
  const lost: string[] = [];
  const excused = new Map<string, number>();
  for (const failure of failures.toSorted((a, b) => a.endedAt - b.endedAt)) {
    const { beganAt, endedAt, what } = failure;
    const window = (server: string) =>
      windows.find((one) => one.server === server && one.from <= endedAt && one.until + afterMs >= beganAt);
    const rise = left.find(
      ({ server, from, until, count }) =>
        count > 0 && from <= endedAt + apartMs && until >= beganAt && window(server) !== undefined,
    );
    if (rise === undefined) {
      lost.push(`${new Date(beganAt).toISOString()} ${what} after ${endedAt - beganAt} ms`);
      continue;
    }
    rise.count -= 1;
    const key = `${rise.server} (${window(rise.server)?.fault})`;
    excused.set(key, (excused.get(key) ?? 0) + 1);
  }
  return { lost, excused };
}
