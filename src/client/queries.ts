/** Asks the fleet what it is: read models from any coordinator, each with the position it is true for. */
import type { FleetId, LogId, Position, Term } from '../../schemas/ids.ts';
import { subjects } from '../../schemas/subjects.ts';
import { QueryAnswer, type QueryAskInput, type QueryData, type QueryName, querySchemas } from '../../schemas/views.ts';
import type { Bus } from '../nats/bus.ts';
import { Failure } from '../std/failure.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

export interface QueryOptions {
  /** Answer only once everything up to this position is folded in. A replica that is too far behind is not the answer. */
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
/** Asked anew so often while no answer comes: any replica may be the one that is frozen or cut off. */
const askAgainMs = 1_000;
/** What an answer needs on its way, of the time there is. */
const travelMs = 200;

export async function query<Q extends QueryName>(
  { bus, fleet }: { readonly bus: Bus; readonly fleet: FleetId },
  { name, ask, options = {} }: { readonly name: Q; readonly ask: QueryAskInput<Q>; readonly options?: QueryOptions },
): Promise<QueryResult<Q>> {
  const { atLeast, timeoutMs = queryTimeoutMsDefault, signal } = options;
  const what = `the answer to "${name}"`;
  const endsAt = performance.now() + timeoutMs;
  const askOne = async () => {
    const leftMs = Math.max(1, Math.ceil(endsAt - performance.now()));
    const request = {
      subject: subjects.query(fleet, name),
      data: encodeMessage({
        ...ask,
        ...(atLeast === undefined ? {} : { atLeast, withinMs: Math.max(0, leftMs - travelMs) }),
      }),
      timeoutMs: leftMs,
      ...(signal === undefined ? {} : { signal }),
    };
    return decodeMessage(QueryAnswer, (await bus.request(request)).data, what);
  };
  const answer = await firstOf(askOne, endsAt);
  if (answer.status === 'error') return answer;
  const parsed = querySchemas[name].answer.safeParse(answer.data);
  if (!parsed.success) {
    const message = `${what} has another shape than this client knows: ${parsed.error.issues[0]?.message ?? ''}`;
    throw new Failure({ code: 'malformed', retryable: false, message, cause: parsed.error });
  }
  return { ...answer, data: parsed.data as QueryData<Q> };
}

/**
 * The first answer there is. Asked again now and then, of whichever replica NATS chooses, while the questions before
 * stay open: a slow answer counts as well. Fails as the first question does, if they all do.
 */
function firstOf(askOne: () => Promise<QueryAnswer>, endsAt: number): Promise<QueryAnswer> {
  return new Promise((resolve, reject) => {
    const askNow = () => {
      askOne().then(finish(resolve), finish(reject));
    };
    const again = setInterval(() => {
      if (performance.now() + askAgainMs < endsAt) askNow();
      // Ends by itself: a question that never settles must not keep its process.
      else clearInterval(again);
    }, askAgainMs);
    const finish =
      <T>(settle: (value: T) => void) =>
      (value: T) => {
        clearInterval(again);
        settle(value);
      };
    askNow();
  });
}
