import { describe, expect, it } from 'vitest';
import { Assignment, Directive } from '../../schemas/directive.ts';
import { BeatAnswer } from '../../schemas/receipt.ts';
import { findLag, judgeAssignment, judgeDirective, type Known } from '../../src/agent/intake.ts';

const log = 'log-number-1';
const directiveAt = (term: number, position: number, changes: object = {}) =>
  Directive.parse({ log, term, position, server: 's', group: 'g', serving: 'yes', projects: [], ...changes });
const assignmentAt = (term: number, position: number, changes: object = {}) =>
  Assignment.parse({ log, term, position, server: 's', group: 'g', ...changes });
const answerAt = (assignment: number, directive: number) =>
  BeatAnswer.parse({
    log,
    term: 2,
    known: true,
    group: 'g',
    assignment: { term: 2, position: assignment },
    directive: { term: 2, position: directive },
    receipt: 0,
  });
const known: Known = { log: assignmentAt(2, 5).log, assignment: assignmentAt(2, 5), directive: directiveAt(2, 7) };

describe('what is news to an agent', () => {
  it('is a higher position or a higher term, term first', () => {
    expect(judgeDirective(known, directiveAt(2, 8))).toBe('news');
    expect(judgeDirective(known, directiveAt(3, 6))).toBe('news');
    expect(judgeDirective(known, directiveAt(2, 7))).toBe('known');
    expect(judgeDirective(known, directiveAt(1, 99))).toBe('known');
    expect(judgeAssignment(known, assignmentAt(2, 6))).toBe('news');
    expect(judgeAssignment(known, assignmentAt(1, 9))).toBe('known');
  });

  it('is never of another log, nor a directive of another group', () => {
    expect(judgeDirective(known, directiveAt(9, 9, { log: 'log-number-2' }))).toBe('other-log');
    expect(judgeAssignment(known, assignmentAt(9, 9, { log: 'log-number-2' }))).toBe('other-log');
    expect(judgeAssignment({ ...known, log: null }, assignmentAt(9, 9))).toBe('other-log');
    expect(judgeDirective(known, directiveAt(9, 9, { group: 'h' }))).toBe('other-group');
  });

  it('is any directive of the present group after a move, since the assignment orders the groups', () => {
    const moved: Known = { ...known, assignment: assignmentAt(2, 9, { group: 'h' }) };
    expect(judgeDirective(moved, directiveAt(2, 9, { group: 'h' }))).toBe('news');
  });

  it('is no directive of an earlier membership of the same group, which a lagging replica may still hold', () => {
    const back: Known = { ...known, assignment: assignmentAt(2, 9, { group: 'h' }) };
    expect(judgeDirective(back, directiveAt(2, 6, { group: 'h' }))).toBe('known');
    expect(judgeDirective(back, directiveAt(1, 9, { group: 'h' }))).toBe('news');
  });
});

describe('what an agent lacks', () => {
  it('is told by the stamps of an answer: the assignment first, which brings its directive', () => {
    expect(findLag(known, answerAt(5, 7))).toEqual({ assignment: false, directive: false });
    expect(findLag(known, answerAt(5, 8))).toEqual({ assignment: false, directive: true });
    expect(findLag(known, answerAt(6, 8))).toEqual({ assignment: true, directive: false });
    expect(findLag(known, answerAt(4, 6))).toEqual({ assignment: false, directive: false });
  });

  it('is no directive while it is in no group', () => {
    const available: Known = { ...known, assignment: assignmentAt(2, 5, { group: null }) };
    expect(findLag(available, answerAt(5, 8))).toEqual({ assignment: false, directive: false });
  });
});
