/** Waits until what an event decided is in the traffic of its groups, one after the other within one deadline. */
import type { Event } from '../../schemas/events.ts';
import type { Muster } from '../client/muster.ts';
import type { WaitOutcome, WaitProgress } from '../client/traffic-wait.ts';
import type { Clock } from '../std/clock.ts';
import { serversToEnter } from './awaited.ts';

export interface GroupsAwaited {
  /** What was decided. */
  readonly event: Event;
  readonly groups: readonly string[];
  readonly timeoutMs: number;
}

export interface GroupWaitOptions extends GroupsAwaited {
  readonly muster: Pick<Muster, 'wait' | 'waitForReplacement' | 'query'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told of each step of a group once. Must not throw. */
  readonly onProgress: (group: string) => (progress: WaitProgress) => void;
}

/** Ends with the first group that does not come to it. `groups` empty: nothing was waited for, and it counts as too long. */
export async function waitForGroups(options: GroupWaitOptions): Promise<WaitOutcome> {
  const { muster, clock, event, groups, timeoutMs, signal, onProgress } = options;
  const deadlineAt = clock.monotonic() + timeoutMs;
  const { position } = event;
  const optionsFor = (group: string) => ({
    timeoutMs: Math.max(0, deadlineAt - clock.monotonic()),
    signal,
    onProgress: onProgress(group),
  });
  if (event.type === 'server.replacing') {
    const { server, by, group } = event.data;
    return muster.waitForReplacement({ position, server, by, group }, optionsFor(group));
  }
  let last: WaitOutcome = { status: 'timeout', laggards: [] };
  for (const group of groups) {
    last = await muster.wait(position, { group, servers: serversToEnter(event), ...optionsFor(group) });
    if (last.status !== 'in-traffic') break;
  }
  if (event.type === 'server.draining' && last.status === 'in-traffic') return unlessBack(muster, event, last);
  return last;
}

/** A drain may be called off while we wait for it: the group then waits for nothing more of it. */
async function unlessBack(
  muster: Pick<Muster, 'query'>,
  { data: { server }, position }: Event<'server.draining'>,
  drained: WaitOutcome,
): Promise<WaitOutcome> {
  const answer = await muster.query('server', { server }, { atLeast: position });
  if (answer.status === 'error' || !answer.data.inPool) return drained;
  const reason = `is in the pool again: ${answer.data.status}, ${answer.data.next}`;
  return { status: 'failed', laggards: [{ what: `server ${server}`, server, reason }] };
}
