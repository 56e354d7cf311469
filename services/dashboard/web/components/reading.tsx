/** What a screen shows while its view is read, and where that fails: never nothing, never a jump of the page. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemNote } from './problem-note.tsx';

export interface ReadingProps<T> {
  readonly of: UseQueryResult<T>;
  /** What is read, for the sentence that says it failed. */
  readonly what: string;
  readonly children: (data: T) => ReactNode;
}

export function Reading<T>({ of: { data, error, failureReason }, what, children }: ReadingProps<T>) {
  if (data !== undefined) {
    return (
      <>
        {error === null ? null : <ProblemNote caught={error} what={`${what} could not be read anew`} />}
        {children(data)}
      </>
    );
  }
  const failure = error ?? failureReason;
  if (failure !== null) return <ProblemNote caught={failure} what={`${what} could not be read`} />;
  return (
    <p className="reading" role="status">
      Reading {what}…
    </p>
  );
}
