/**
 * What was observed and is not in the log: the last word of each server and balancer. It may be thrown away at any
 * time; heartbeats and repeated receipts bring it back. Plain data, written by the coordinator alone.
 */
import type { BalancerId, GroupId, Position, ServerId } from '../../schemas/ids.ts';
import type { Applied, Beat, Receipt } from '../../schemas/receipt.ts';

export interface Observed {
  readonly serverById: Map<ServerId, ObservedServer>;
  /** Keyed by `appliedKey`. */
  readonly appliedByKey: Map<string, ObservedApplied>;
  /** The pool revision last published and acknowledged, per group. */
  readonly publishedPoolByGroup: Map<GroupId, Position>;
  /** By rollout step, what each server had counted when the step was first seen: see `src/rollout/figures.ts`. */
  readonly trafficByStep: Map<string, Map<ServerId, { instance: string; before: TrafficCount[] }>>;
}

/** One project version's requests on one server, since its instance began. */
export type TrafficCount = NonNullable<Beat['traffic']>[number];

/** What an instance had answered by one of its beats; `at` by a monotonic clock, in milliseconds. */
export interface AnsweredReading extends NonNullable<Beat['answered']> {
  readonly at: number;
}

export interface ObservedServer {
  /** The newest beat and when it came, by the coordinator's clock. */
  beat: Beat | null;
  seenAt: number;
  receipt: Receipt | null;
  receiptAt: number;
  /**
   * Readings in a row of nothing in flight, since the server began to drain: its own beats, or its balancers' receipts
   * where it cannot count.
   */
  idleReadings: number;
  /** Beats in a row that said the server is not healthy. */
  unwellReadings: number;
  /** What it had answered by its newest beats, the oldest first: see `traffic-rate.ts`. Absent: it cannot count. */
  answered?: readonly AnsweredReading[] | undefined;
  /** When its next beat is due, in milliseconds from the last, as it was answered; absent: by another, or not at all. */
  beatMs?: number | undefined;
}

export interface ObservedApplied {
  readonly applied: Applied;
  readonly seenAt: number;
}

/** Why a server is not well, as it said last. */
export function unwellText(beat: Beat | null | undefined): string {
  const why = beat?.problem === undefined ? '' : `: ${beat.problem}`;
  return `its heartbeats say that it is not well${why}`;
}

export function appliedKey(balancer: BalancerId, group: GroupId): string {
  return `${balancer}/${group}`;
}

export function emptyObserved(): Observed {
  return { serverById: new Map(), appliedByKey: new Map(), publishedPoolByGroup: new Map(), trafficByStep: new Map() };
}
