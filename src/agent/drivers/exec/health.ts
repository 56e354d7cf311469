/** Health checks by URL: the driven gateway answers as it should when it works. */
import { textOf } from '../../../std/failure.ts';
import type { Check } from '../../health-checks.ts';

export interface UrlCheck extends Check {
  readonly url: string;
  readonly signal: AbortSignal;
}

/** Why it is not healthy; undefined when it is. */
export async function checkUrl({ url, timeoutMs, passes, signal }: UrlCheck): Promise<string | undefined> {
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const answer = await fetch(url, { signal: deadline, redirect: 'manual', headers: { connection: 'close' } });
    await answer.body?.cancel();
    return passes(answer.status) ? undefined : `GET ${url} answered ${answer.status}`;
  } catch (error) {
    return `GET ${url} did not answer: ${textOf(error)}`;
  }
}
