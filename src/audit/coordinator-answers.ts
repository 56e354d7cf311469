/** What the coordinator that answers holds, as far as it follows from the log: to be compared when the log is read. */
import type { Muster } from '../client/muster.ts';
import { comparedQueries, type CoordinatorAnswer } from './coordinator-check.ts';

export async function coordinatorAnswers({ query }: Pick<Muster, 'query'>): Promise<CoordinatorAnswer[]> {
  const answers: CoordinatorAnswer[] = [];
  for (const name of comparedQueries) {
    const answer = await query(name, {});
    if (answer.status === 'ok')
      answers.push({ name, position: answer.position, data: answer.data } as CoordinatorAnswer);
  }
  return answers;
}
