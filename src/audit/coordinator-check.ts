/**
 * Whether a running coordinator holds what a fold from zero gives. Its answers are taken before the log is read, so
 * that each is about a position the log is sure to have, and compared as the fold passes there. Only what follows from
 * the log is compared: what was observed is not in it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Position } from '../../schemas/ids.ts';
import type { QueryData } from '../../schemas/views.ts';
import type { FleetState } from '../domain/state.ts';
import { emptyObserved } from '../projections/observed.ts';
import { answerQuery } from '../projections/views.ts';
import type { Finding } from './finding.ts';

type Compared = 'groups' | 'servers' | 'projects';

/** What a coordinator answered, and the position that was true for. */
export type CoordinatorAnswer = {
  readonly [Q in Compared]: { readonly name: Q; readonly position: Position; readonly data: QueryData<Q> };
}[Compared];

export const comparedQueries: readonly Compared[] = ['groups', 'servers', 'projects'];

export class CoordinatorCheck {
  #answers: readonly CoordinatorAnswer[];
  #equal = 0;

  constructor(answers: readonly CoordinatorAnswer[]) {
    this.#answers = answers;
  }

  /** Answers found right, and those whose position the log has not reached. */
  get checked(): { readonly equal: number; readonly ahead: number } {
    return { equal: this.#equal, ahead: this.#answers.length };
  }

  concerns(position: Position): boolean {
    return this.#answers.some((answer) => answer.position <= position);
  }

  check(state: FleetState, { position, sequence }: { position: Position; sequence: number }): Finding | undefined {
    const due = this.#answers.filter((answer) => answer.position === position);
    this.#answers = this.#answers.filter((answer) => answer.position > position);
    for (const answer of due) {
      const folded = answerQuery(answer.name, {}, state, emptyObserved());
      if (folded.status === 'ok' && isDeepStrictEqual(essence(answer.data), essence(folded.data))) this.#equal += 1;
      else {
        const reason = `the coordinator's answer to "${answer.name}" is not what a fold from zero gives there`;
        return { flaw: 'coordinator', position, through: position, sequence, reason };
      }
    }
    return undefined;
  }
}

/** Fields that follow from the log alone, whatever else a view shows. */
const fromLog = new Set([
  'group',
  'name',
  'policy',
  'changedAt',
  'servers',
  'deployments',
  'server',
  'address',
  'weight',
  'labels',
  'since',
  'sinceAt',
  'project',
  'version',
  'versions',
  'digest',
  'bytes',
  'publishedAt',
  'publishedBy',
  'groups',
]);
/** Theirs are people's words, or whole in themselves. */
const whole = new Set(['policy', 'labels', 'address']);

/** Counts such as a deployment's `servers` are observed; only lists of things are compared. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([field, held]) => fromLog.has(field) && typeof held !== 'undefined');
  return Object.fromEntries(
    fields
      .filter(([field, held]) => !(field === 'servers' && typeof held === 'number'))
      .map(([field, held]) => [field, whole.has(field) ? JSON.parse(JSON.stringify(held)) : essence(held)]),
  );
}
