/** Health checks by URL: the driven gateway answers as it should when it works. */
import type { Clock } from '../../../std/clock.ts';
import { underDeadline } from '../../../std/deadline.ts';
import { textOf } from '../../../std/failure.ts';
import type { Check } from '../../health-checks.ts';

export interface UrlCheck extends Check {
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Why it is not healthy; undefined when it is. */
export async function checkUrl({ url, clock, timeoutMs, passes, signal }: UrlCheck): Promise<string | undefined> {
  try {
    const status = await underDeadline({ clock, timeoutMs, what: 'an answer', signal }, async (deadline) => {
      const answer = await fetch(url, { signal: deadline, redirect: 'manual', headers: { connection: 'close' } });
      await answer.body?.cancel();
      return answer.status;
    });
    return passes(status) ? undefined : `GET ${url} answered ${status}`;
  } catch (error) {
    return `GET ${url} did not answer: ${textOf(error)}`;
  }
}
