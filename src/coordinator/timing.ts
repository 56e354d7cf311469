/** Every time and bound of the coordinator, in one place, with the reason for each. Durations in milliseconds. */
export interface Timing {
  /** How often the leader says that it lives. Four chances within the missed-beat time. */
  readonly leaderBeatMs: number;
  /**
   * Silence after which a standby tries to lead. Longer than a leader change of LOG takes: 0.5 to 4 s on one server,
   * up to 8 s on three (measured), so 4 s for one replica and 12 s for more.
   */
  readonly missedBeatMs: number;
  /** Spread of the standbys' first tries, so that they do not collide. */
  readonly electionJitterMs: number;
  /**
   * How much longer a process waits before it tries for a fleet, for each fleet it leads more than another: long enough
   * for the other to be elected. With the bound on steps and the jitter, failover ends within 1.3 of the missed-beat time.
   */
  readonly hesitationStepMs: number;
  /** Between two fleets handed over for balance alone; by half more or less. */
  readonly rebalanceMs: number;
  /** The longest wait for one append's ack before its outcome counts as unknown. */
  readonly appendTimeoutMs: number;
  /** The longest time spent settling an unknown outcome before the leader steps down. */
  readonly settleDeadlineMs: number;
  /** The longest wait for any other single answer of the NATS server. */
  readonly storeTimeoutMs: number;
  /**
   * How long a log or commands that are less than was seen may be the word of a server that leads the stream no more. One
   * of three finds out within 10 s (nats-server 2.10's lostQuorumInterval); the only one is asked twice all the same.
   */
  readonly regressPatienceMs: number;
  /** A group's status goes out at most this often: five times a second. */
  readonly statusIntervalMs: number;
  /** How long a request on `do` waits for its outcome before it is answered `unknown`. Below NATS CLI's usual 5 s. */
  readonly doTimeoutMs: number;
  /** How often the leader purges what COMMANDS holds below the durable watermark, and raises the high mark. */
  readonly housekeepingMs: number;
  /** Events between two snapshots: a tail that folds in well under a second. */
  readonly snapshotEvery: number;
  /** Events after which the leader signs the log again: one signature, some tens of microseconds, a thousand events. */
  readonly checkpointEvents: number;
  /** The longest that what happened stays unsigned, by housekeeping's grain: what a thief of the whole log could change. */
  readonly checkpointMs: number;
  /** The longest wait of a query that asks for a position not folded yet. */
  readonly queryWaitMs: number;
}

export function defaultTiming(replicas: number): Timing {
  return {
    leaderBeatMs: 1_000,
    missedBeatMs: replicas > 1 ? 12_000 : 4_000,
    electionJitterMs: 400,
    hesitationStepMs: replicas > 1 ? 600 : 200,
    rebalanceMs: 10_000,
    appendTimeoutMs: 2_000,
    settleDeadlineMs: 30_000,
    storeTimeoutMs: 5_000,
    regressPatienceMs: replicas > 1 ? 20_000 : 1_000,
    statusIntervalMs: 200,
    doTimeoutMs: 4_000,
    housekeepingMs: 5_000,
    snapshotEvery: 20_000,
    checkpointEvents: 1_000,
    checkpointMs: 60_000,
    queryWaitMs: 5_000,
  };
}

/** How full the log may be before a person is told: the rest is time to act. */
export const logFilledShare = 0.8;
/** The longest hesitation for the sake of balance, in steps. */
export const hesitationStepsMax = 3;
/** Decided events that are not yet durable, at most: intake waits past it. Some records' worth, to keep appends full. */
export const undurableMax = 4_096;
/** Stored publishes of one kind under way at once, at most: enough to hide a round trip, few enough to fail together. */
export const publishesMax = 512;
/** Servers looked at in one turn of the event loop, so that a group of ten thousand does not stop the heartbeats. */
export const serversPerTurn = 256;
/** Requests on `do` under way at once, at most; past it the caller is told to come back. */
export const doRequestsMax = 4_096;
/** Requests on `do` one principal may make in a burst, and gains back a second. An agent makes a handful in its life. */
export const doBurst = 2_000;
export const doPerSecond = 500;
/**
 * How long the feed gathers events before it sends them. People and services that follow it do not notice; a command
 * that is alone does: sent at once, the copy of the one before would be in its way.
 */
export const feedGatherMs = 5;
/** Events waiting for the feed in memory; past it the feed catches up by reading LOG. */
export const feedQueueMax = 16_384;
