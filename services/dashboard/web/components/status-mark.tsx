/** A status: its shape in its colour, and its word unless that stands beside it already. */
import { lookByMark, type Mark } from './status.ts';

export interface StatusMarkProps {
  readonly mark: Mark;
  /** What is read and shown beside the shape. Default: the status itself; empty: the shape alone, for nobody who reads. */
  readonly word?: string;
  readonly size?: number;
}

export function StatusMark({ mark, word = mark, size = 10 }: StatusMarkProps) {
  const { path, colour } = lookByMark[mark];
  return (
    <span className="mark">
      <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" className="mark-shape">
        <path d={path} fill={`var(--${colour})`} fillRule="evenodd" />
      </svg>
      {word === '' ? null : <span>{word}</span>}
    </span>
  );
}
