/** The coordinators as they answer for themselves. What only they know is asked of them on the bus, and kept a moment. */
import type { CoordinatorView } from '../../schemas/views.ts';
import { query } from '../../src/client/queries.ts';
import { Failure } from '../../src/std/failure.ts';
import type { Api } from './app.ts';

/** None answers: the screens are not held up for it. */
const answerTimeoutMs = 500;

export async function coordinatorViews({ bus, fleet }: Pick<Api, 'bus' | 'fleet'>): Promise<CoordinatorView[]> {
  try {
    const answer = await query(
      { bus, fleet },
      { name: 'coordinator', ask: {}, options: { timeoutMs: answerTimeoutMs } },
    );
    return answer.status === 'ok' ? [answer.data] : [];
  } catch (error) {
    // Nobody is there to answer, or NATS is away: then none is known.
    if (error instanceof Failure && error.retryable) return [];
    throw error;
  }
}
