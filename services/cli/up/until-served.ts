/** Waits until requests are answered where the greeting will send people: ready by the log is not yet up by HAProxy. */
import type { Muster } from '../../../src/client/muster.ts';
import { systemClock } from '../../../src/std/clock.ts';
import { pause, underDeadline } from '../../../src/std/deadline.ts';

export interface UntilServedOptions {
  readonly entryByGroup: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A few health checks; what is not served by then says itself why, in `muster group get`. */
const serveTimeoutMs = 15_000;
const pollMs = 100;
const requestTimeoutMs = 2_000;
/** What HAProxy answers where no server of the pool is up. */
const unavailable = 503;

/** Ends when every group that has ready servers answers, or after a while: the fleet is up either way. */
export async function untilServed(muster: Muster, { entryByGroup, signal }: UntilServedOptions): Promise<void> {
  const deadlineAt = systemClock.monotonic() + serveTimeoutMs;
  const mayWait = () => systemClock.monotonic() < deadlineAt;
  let answer = await muster.query('groups', {}, { signal });
  while (answer.status === 'error' && mayWait()) {
    await pause({ clock: systemClock, delayMs: pollMs, signal });
    answer = await muster.query('groups', {}, { signal });
  }
  if (answer.status === 'error') return;
  const urls = answer.data
    .filter(({ servers }) => servers.some(({ status }) => status === 'ready'))
    .map(({ name, deployments }) => `${entryByGroup[name] ?? ''}/${deployments[0]?.project ?? ''}`)
    .filter((url) => url.startsWith('http'));
  for (const url of urls) {
    while (!(await isServed(url, signal)) && mayWait()) {
      await pause({ clock: systemClock, delayMs: pollMs, signal });
    }
  }
}

async function isServed(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await underDeadline(
      { clock: systemClock, timeoutMs: requestTimeoutMs, what: 'an answer', signal },
      async (deadline) => {
        const response = await fetch(url, { signal: deadline });
        await response.arrayBuffer();
        return response.status !== unavailable;
      },
    );
  } catch {
    // Nothing listens there yet, or it took too long: not served.
    return false;
  }
}
