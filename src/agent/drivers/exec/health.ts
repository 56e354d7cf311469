/** A health check by URL: the driven gateway answers 2xx when it works. */
import { textOf } from '../../../std/failure.ts';

/** A health path answers at once; one that needs longer is not healthy. */
const checkTimeoutMs = 5_000;

/** Why it is not healthy; undefined when it is. */
export async function checkUrl(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
    const answer = await fetch(url, { signal: deadline, redirect: 'manual', headers: { connection: 'close' } });
    await answer.body?.cancel();
    return answer.ok ? undefined : `GET ${url} answered ${answer.status}`;
  } catch (error) {
    return `GET ${url} did not answer: ${textOf(error)}`;
  }
}
