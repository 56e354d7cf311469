/** What of the coordinator's word is news to this agent. Pure. Stamps of two logs are never compared. */
import type { Assignment, Directive } from '../../schemas/directive.ts';
import { compareStamps } from '../../schemas/ids.ts';
import type { BeatAnswer } from '../../schemas/receipt.ts';
import type { Holdings } from './holdings.ts';

/** What the agent goes by; of the directive, the newest it took in, whether applied yet or not. */
export type Known = Pick<Holdings, 'log' | 'assignment'> & { readonly directive: Directive | null };

/** `other-log`: refused until a heartbeat's answer says that the fleet has another log. */
export type Verdict = 'news' | 'known' | 'other-log' | 'other-group';

const zero = { term: 0, position: 0 };

export function judgeAssignment(known: Known, assignment: Assignment): Verdict {
  if (known.log !== assignment.log) return 'other-log';
  return compareStamps(assignment, known.assignment ?? zero) > 0 ? 'news' : 'known';
}

export function judgeDirective(known: Known, directive: Directive): Verdict {
  if (known.log !== directive.log) return 'other-log';
  if (known.assignment === null || directive.group !== known.assignment.group) return 'other-group';
  // What is said to a member follows from its joining or from later. Before that lies another membership of the same
  // group, whose last directive a replica that lags may still hold.
  if (directive.position < known.assignment.position) return 'known';
  return compareStamps(directive, directiveStamp(known)) > 0 ? 'news' : 'known';
}

/** Which of the two to fetch. */
export function findLag(
  known: Known,
  answer: BeatAnswer,
): { readonly assignment: boolean; readonly directive: boolean } {
  const assignment = compareStamps(answer.assignment, known.assignment ?? zero) > 0;
  // A new assignment brings its directive with it.
  const hasGroup = known.assignment !== null && known.assignment.group !== null;
  return {
    assignment,
    directive: !assignment && hasGroup && compareStamps(answer.directive, directiveStamp(known)) > 0,
  };
}

/** Of the present group only: the assignment's stamp orders one group after another. */
export function directiveStamp(known: Known): { readonly term: number; readonly position: number } {
  const { directive, assignment, log } = known;
  return directive !== null && directive.log === log && directive.group === assignment?.group ? directive : zero;
}
