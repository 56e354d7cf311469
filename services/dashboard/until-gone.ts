/** Whoever asked may go while the answer is made: nobody then waits for it, and it should not be made to the end. */
import type { FastifyReply } from 'fastify';
import { Failure } from '../../src/std/failure.ts';

/** Fires once they have gone, or the answer is through. Fails with `aborted` where they already have: that is told once. */
export function untilGone({ raw }: FastifyReply): AbortSignal {
  if (raw.destroyed) throw new Failure({ code: 'aborted', retryable: false, message: 'who asked has gone' });
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}
