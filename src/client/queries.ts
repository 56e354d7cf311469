/** Asks the fleet what it is: read models from any coordinator, each with the position it is true for. */
import type { FleetId, LogId, Position, Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { QueryAnswer, type QueryAsk, type QueryData, type QueryName, querySchemas } from '../../schemas/views.ts';
import type { Bus } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

export interface QueryOptions {
  /** Answer only once everything up to this position is folded in. */
  readonly atLeast?: Position;
  /** Milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export type QueryResult<Q extends QueryName> =
  | {
      readonly status: 'ok';
      readonly log: LogId;
      readonly term: Term;
      readonly position: Position;
      readonly data: QueryData<Q>;
    }
  /** What was asked for is not there, or the question is wrong: a code of rejections and failures, and a sentence. */
  | { readonly status: 'error'; readonly code: string; readonly message: string };

/** A projection is in memory: an answer takes milliseconds; waiting for `atLeast` takes an append. */
export const queryTimeoutMsDefault = 5_000;

export async function query<Q extends QueryName>(
  { bus, fleet }: { readonly bus: Bus; readonly fleet: FleetId },
  { name, ask, options = {} }: { readonly name: Q; readonly ask: QueryAsk<Q>; readonly options?: QueryOptions },
): Promise<QueryResult<Q>> {
  const { atLeast, timeoutMs = queryTimeoutMsDefault, signal } = options;
  const request = {
    subject: subjects.query(fleet, name),
    data: encodeMessage({ ...ask, ...(atLeast === undefined ? {} : { atLeast }) }),
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  };
  const what = `the answer to "${name}"`;
  const answer = decodeMessage(QueryAnswer, (await bus.request(request)).data, what);
  if (answer.status === 'error') return answer;
  const parsed = querySchemas[name].answer.safeParse(answer.data);
  if (!parsed.success) {
    const message = `${what} has another shape than this client knows: ${parsed.error.issues[0]?.message ?? ''}`;
    throw new Failure({ code: 'malformed', retryable: false, message, cause: parsed.error });
  }
  return { ...answer, data: parsed.data as QueryData<Q> };
}
