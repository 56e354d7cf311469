/** What could not be read or done, and what to do about it. */
import { problemOf } from '../data/problem.ts';

export function ProblemNote({ caught, what }: { readonly caught: unknown; readonly what: string }) {
  const { message, next, code } = problemOf(caught);
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{what}:</strong> {message} <span className="faint">({code})</span>
      </p>
      {next === '' ? null : <p>Next: {next}</p>}
    </div>
  );
}
