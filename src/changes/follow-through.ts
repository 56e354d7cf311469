/**
 * Follows a decided change until it has taken effect: its rollout first, if it began one or set one going, then the
 * traffic of the groups it changes. Must not know how steps are told: both waits are the caller's, made of the client's.
 */
import type { Event } from '../../schemas/events.ts';
import type { Position } from '../../schemas/ids.ts';
import type { RolloutOutcome } from '../client/rollout-follow.ts';
import type { WaitOutcome } from '../client/traffic-wait.ts';
import type { Clock } from '../std/clock.ts';
import { rolloutToFollow, trafficGroups } from './awaited.ts';
import type { GroupsAwaited } from './group-wait.ts';

export interface RolloutAwaited {
  readonly group: string;
  /** Position of its request. */
  readonly rollout: Position;
  /** Steps from here on are told. */
  readonly from: Position;
  readonly timeoutMs: number;
}

export interface TrafficAwaited extends GroupsAwaited {
  /** Steps from here on are told. Default: all after the event. */
  readonly from?: Position;
}

export interface FollowThroughOptions {
  /** For the rollout and the traffic together, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly rollout: (asked: RolloutAwaited) => Promise<RolloutOutcome>;
  readonly traffic: (asked: TrafficAwaited) => Promise<WaitOutcome>;
}

export type Followed =
  /** It changes nobody's traffic: it took effect when it was decided. */
  | { readonly by: 'nothing' }
  /** Its rollout did not end as was asked, or not in time. */
  | { readonly by: 'rollout'; readonly asked: RolloutAwaited; readonly outcome: RolloutOutcome }
  /** `afterRollout`: who failed was allowed to, the rollout has judged that. */
  | { readonly by: 'traffic'; readonly result: WaitOutcome; readonly afterRollout: boolean };

export async function followThrough(event: Event, options: FollowThroughOptions): Promise<Followed> {
  const { timeoutMs, clock, traffic } = options;
  const groups = trafficGroups(event);
  if (groups.length === 0) return { by: 'nothing' };
  const rollout = rolloutToFollow(event);
  if (rollout === undefined) {
    return { by: 'traffic', afterRollout: false, result: await traffic({ event, groups, timeoutMs }) };
  }
  const beganAt = clock.monotonic();
  const asked = { ...rollout, from: event.position + 1, timeoutMs };
  const outcome = await options.rollout(asked);
  if (!endedAsAsked(event, outcome)) return { by: 'rollout', asked, outcome };
  const ended = outcome.status === 'over' ? (outcome.rollout.ended ?? event.position) : event.position;
  const leftMs = Math.max(0, timeoutMs - (clock.monotonic() - beganAt));
  const result = await traffic({ event, groups: [rollout.group], timeoutMs: leftMs, from: ended + 1 });
  return { by: 'traffic', afterRollout: true, result };
}

/** Whoever joins first proves a rollout without servers; whoever aborts one asks for just that. */
function endedAsAsked(event: Event, outcome: RolloutOutcome): boolean {
  if (outcome.status === 'no-servers') return true;
  if (outcome.status === 'unknown' || outcome.status === 'timeout') return false;
  switch (outcome.rollout.status) {
    case 'running':
    case 'rolling-back':
    case 'succeeded':
      return true;
    case 'rolled-back':
      return event.type === 'rollout.aborted';
    default:
      return false;
  }
}
