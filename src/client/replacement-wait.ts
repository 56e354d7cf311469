/**
 * Waits until one server has taken another's place: the new one is in traffic, then the old one has left. Two changes,
 * and the second has no position before the first is done, so it is looked for in what the fleet says of both servers.
 */
import type { Position, ServerId } from '../../schemas/ids.ts';
import type { ServerView } from '../../schemas/views.ts';
import { pause } from '../std/deadline.ts';
import { Failure } from '../std/failure.ts';
import type { Laggard } from './failed-servers.ts';
import { query } from './queries.ts';
import {
  type Watch,
  type WaitOptions,
  type WaitOutcome,
  waitForTraffic,
  waitTimeoutMsDefault,
} from './traffic-wait.ts';

export interface Replacing {
  /** Of the `server.replacing` that began it. */
  readonly position: Position;
  readonly group: string;
  /** The one that goes. */
  readonly server: string;
  /** The one that takes its place. */
  readonly by: string;
}

export type ReplacementWaitOptions = Omit<WaitOptions, 'group' | 'servers'>;

/** The leader proposes the second change milliseconds after the first is in the log. */
const lookAgainMs = 200;

/** Fails when the new server cannot come, or is taken away again: the old one then stays. */
export async function waitForReplacement(
  watch: Watch,
  { position, group, server, by }: Replacing,
  options: ReplacementWaitOptions = {},
): Promise<WaitOutcome> {
  const { clock } = watch;
  const { timeoutMs = waitTimeoutMsDefault, signal } = options;
  const deadlineAt = clock.monotonic() + timeoutMs;
  const leftMs = () => Math.max(0, deadlineAt - clock.monotonic());
  const arrived = await waitForTraffic(watch, position, { ...options, group, servers: [by] });
  if (arrived.status !== 'in-traffic') return arrived;
  const inGroup = arrived.group.group;
  for (;;) {
    const [old, taking] = await Promise.all([viewOf(watch, server, position), viewOf(watch, by, position)]);
    const hasLeft = old === 'gone' || (old !== undefined && old.group !== inGroup);
    if (hasLeft) {
      const leftAt = old === 'gone' ? position : old.since;
      return waitForTraffic(watch, leftAt, { ...options, group, timeoutMs: leftMs() });
    }
    if (old !== undefined && mayBeLeaving(old, position)) {
      const leaving = await waitForTraffic(watch, old.changedAt, { ...options, group, timeoutMs: leftMs() });
      if (leaving.status !== 'in-traffic') return leaving;
    } else if (taking === 'gone' || (taking !== undefined && taking.group !== inGroup)) {
      const reason = `is not in ${group} any more, so server ${server} stays`;
      return { status: 'failed', laggards: [laggard(by, reason)] };
    }
    if (leftMs() === 0) return { status: 'timeout', laggards: [laggard(server, 'has yet to begin to leave')] };
    await pause({ clock, delayMs: Math.min(lookAgainMs, leftMs()), ...(signal === undefined ? {} : { signal }) });
  }
}

/** Its leaving changes what it shall be, after the replacement did; a cordon does so too, which is why it is looked at again. */
function mayBeLeaving({ status, changedAt }: ServerView, position: Position): boolean {
  return changedAt > position && (status === 'draining' || status === 'lost');
}

async function viewOf(watch: Watch, server: string, atLeast: Position): Promise<ServerView | 'gone' | undefined> {
  try {
    const answer = await query(watch, { name: 'server', ask: { server: server as ServerId }, options: { atLeast } });
    if (answer.status === 'ok') return answer.data;
    return answer.code === 'unknown-server' ? 'gone' : undefined;
  } catch (caught) {
    // Between two leaders nobody answers for a moment; the deadline is the caller's.
    if (caught instanceof Failure && caught.retryable) return undefined;
    throw caught;
  }
}

function laggard(server: string, reason: string): Laggard {
  return { what: `server ${server}`, server: server as ServerId, reason };
}
