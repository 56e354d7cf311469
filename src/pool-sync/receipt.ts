/** What a balancer proves about one group, from what was read back. Pure. */
import type { BalancerId, GroupId, LogId } from '../../schemas/ids.ts';
import { type Applied, problemLengthMax } from '../../schemas/receipt.ts';
import type { ObservedPool } from '../balancers/balancer.ts';
import { cutText } from '../std/cut-text.ts';

export interface ReceiptFacts {
  readonly balancer: BalancerId;
  readonly group: GroupId;
  /** Of the pool the balancer holds. */
  readonly stamp: { readonly log: LogId; readonly term: number; readonly position: number };
  /** Undefined: the balancer did not answer, and `error` says so. */
  readonly observed: ObservedPool | undefined;
  readonly error: string | undefined;
}

export function receiptOf({ balancer, group, stamp, observed, error }: ReceiptFacts): Applied {
  const { log, term, position } = stamp;
  const taking = observed?.servers.filter(({ admin }) => admin !== 'maintenance') ?? [];
  const resting = observed?.servers.filter(({ admin }) => admin !== 'ready') ?? [];
  return {
    log,
    term,
    position,
    balancer,
    group,
    servers: taking.length,
    inFlight: resting.flatMap(({ server, inFlight }) => (inFlight === undefined ? [] : [{ server, inFlight }])),
    ...(observed === undefined ? {} : { listen: observed.listen }),
    ...(error === undefined ? {} : { error: cutText(error, problemLengthMax) }),
  };
}
