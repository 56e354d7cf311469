/**
 * Follows one rollout until it is over or needs a person.
 *
 * Promises: ends by its deadline with how it stands then; hears of every step by the group's status and looks again
 * every few seconds, so that a lost message delays but never hangs it. Must not know: what a rollout is judged by.
 */
import { type GroupName, type Position, groupIdOf } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { RolloutView } from '../../schemas/views.ts';
import { queryTimeoutMsDefault } from './queries.ts';
import { findRollout } from './rollout-wait.ts';
import { StatusInbox } from './status-inbox.ts';
import type { Watch } from './traffic-wait.ts';

export interface RolloutWaitOptions {
  readonly group: string;
  /** Milliseconds. Default one hour. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Told how it stands, whenever it was looked at. Must not throw. */
  readonly onProgress?: (view: RolloutView) => void;
}

export type RolloutOutcome =
  /** It is over; or it is paused or halted and waits for a person; or for the first server that joins, as there is none. */
  | { readonly status: 'over' | 'needs-person' | 'no-servers'; readonly rollout: RolloutView }
  /** The group remembers no such rollout, as it keeps only its newest. */
  | { readonly status: 'unknown' }
  /** It goes on. Undefined: nobody has answered. */
  | { readonly status: 'timeout'; readonly rollout: RolloutView | undefined };

/** Its own progress deadline ends a rollout that is stuck long before: 10 minutes by default. */
export const rolloutTimeoutMsDefault = 3_600_000;
/** How often to look though nothing was heard: a lost message costs at most this. */
const lookAgainMs = 2_000;

/** `rollout`: the position of its request. */
export async function waitForRollout(
  watch: Watch,
  rollout: Position,
  { group, timeoutMs = rolloutTimeoutMsDefault, signal, onProgress }: RolloutWaitOptions,
): Promise<RolloutOutcome> {
  const { bus, fleet, clock } = watch;
  const deadlineAt = clock.monotonic() + timeoutMs;
  const inbox = new StatusInbox(bus, subjects.groupStatus(fleet, groupIdOf(group as GroupName)));
  let last: RolloutView | undefined;
  try {
    for (;;) {
      inbox.take();
      const answerMs = Math.min(queryTimeoutMsDefault, Math.max(1, deadlineAt - clock.monotonic()));
      const found = await findRollout(watch, { group, position: rollout, timeoutMs: answerMs, signal });
      if (found === null) return { status: 'unknown' };
      if (found !== undefined) {
        last = found;
        onProgress?.(found);
        const standing = standingOf(found);
        if (standing !== 'under-way') return { status: standing, rollout: found };
      }
      const leftMs = deadlineAt - clock.monotonic();
      if (leftMs <= 0) return { status: 'timeout', rollout: last };
      await inbox.wait({ clock, delayMs: Math.min(leftMs, lookAgainMs), signal });
    }
  } finally {
    inbox.close();
  }
}

function standingOf({ status, progress }: RolloutView): 'under-way' | 'over' | 'needs-person' | 'no-servers' {
  if (progress?.members === 0) return 'no-servers';
  switch (status) {
    case 'running':
    case 'rolling-back':
      return 'under-way';
    case 'paused':
    case 'halted':
      return 'needs-person';
    default:
      return 'over';
  }
}
