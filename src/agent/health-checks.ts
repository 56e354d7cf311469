/** What is asked on this server to know that a project works there. Pure. */
import { type Probe, probeTimeoutMsDefault } from '../../schemas/rollout.ts';

export interface Check {
  readonly timeoutMs: number;
  readonly passes: (status: number) => boolean;
}

/** A health path answers at once; one that needs longer is not healthy. */
export const healthCheck: Check = { timeoutMs: 5_000, passes: (status) => status >= 200 && status < 300 };

/** Anything that is no error is an answer: what a client would get may well be a redirect. */
export function probeCheck({ timeoutMs = probeTimeoutMsDefault }: Probe): Check {
  return { timeoutMs, passes: (status) => status >= 200 && status < 400 };
}
