/** The fleet asked as on the bus, of the state a request wants. */
import type { QueryAsk, QueryData } from '../../schemas/views.ts';
import { answerQuery, type ProjectedQuery } from '../../src/projections/views.ts';
import type { Seen } from './as-of.ts';
import { notFound } from './problem.ts';

/** The query's answer; what is asked about and not there is a 404. */
export function ask<Q extends ProjectedQuery>(name: Q, what: QueryAsk<Q>, { state, observed }: Seen): QueryData<Q> {
  const answered = answerQuery(name, what, state, observed);
  if (answered.status === 'error') throw notFound(answered.code, answered.message);
  return answered.data;
}
