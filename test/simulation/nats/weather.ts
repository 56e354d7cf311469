/** What a network and a server do to messages, as rates that faults turn up and down. Nothing here breaks a promise of NATS. */

export interface Weather {
  /** A core message does not reach one of its subscribers. */
  lose: number;
  /** A core message reaches a subscriber twice. */
  repeat: number;
  /** A message takes up to `slowMs` longer; what follows it on the connection waits behind it. */
  slow: number;
  slowMs: number;
  /** Answers, and messages of different senders, overtake one another, as by different routes of a cluster. */
  reorder: boolean;
  /** A publish into a stream is lost before the stream. */
  requestLost: number;
  /** Stored, but the ack is lost. */
  ackLost: number;
  /** Stored seconds later, when nobody waits for it any more. */
  late: number;
  /** A publish into LOG is answered as a duplicate, and not stored: what a message id would do. */
  duplicate: number;
  /** A direct get is answered by a replica that lags, by up to `staleMs`. */
  stale: number;
  staleMs: number;
  /** A stream's status, and what is asked of its leader, comes from one that leads it no more, and knows less by up to `deposedMs`. */
  deposed: number;
  deposedMs: number;
}

export function calm(): Weather {
  return {
    lose: 0,
    repeat: 0,
    slow: 0,
    slowMs: 0,
    reorder: false,
    requestLost: 0,
    ackLost: 0,
    late: 0,
    duplicate: 0,
    stale: 0,
    staleMs: 0,
    deposed: 0,
    deposedMs: 0,
  };
}

/** One way over a local network, milliseconds. */
export const latencyMs = { least: 0.1, most: 1.5 } as const;
/** How much later a late effect comes: seconds after the time-out were measured. */
export const lateMs = { least: 500, most: 6_000 } as const;
